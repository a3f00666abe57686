// Turns a text field of names with commas into chips that can be reordered, with a menu of the known names.
// Without this script people edit the text field; the form sends the same.
// The rules of lists are those of catalog/names/typed_lists.py.
"use strict";

const SEPARATORS = ",;\uff0c\uff1b\u3001\uff64\ufe50\ufe51\ufe54\ufe10\ufe11\ufe14\n\r\u2028\u2029";
const NAME = new RegExp(`\\s*"((?:[^"]|"")+)"\\s*(?=[${SEPARATORS}]|$)|([^${SEPARATORS}]+)`, "g");
const FULL_WIDTH = /[\uff01-\uff5e\u3000]/;

function split(text) {
  const names = Array.from(text.matchAll(NAME), ([, quoted, plain]) => (quoted ? quoted.replaceAll('""', '"') : plain.trim()));
  return names.filter(Boolean);
}

function written(name) {
  const [first, ...rest] = split(name);
  return first === name && !rest.length && !FULL_WIDTH.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function enhance(box) {
  const line = box.querySelector("textarea");
  const menu = box.querySelector("select");
  if (!menu || box.dataset.names === "ready") return;
  box.dataset.names = "ready";
  const known = Array.from(menu.options, (option) => option.value);
  const chips = document.createElement("ol");
  chips.className = "names-chips";
  box.prepend(chips);
  line.hidden = true;
  menu.hidden = false;

  const read = () => split(line.value);
  const write = (names) => {
    line.value = names.map(written).join(", ");
    line.dispatchEvent(new Event("change", { bubbles: true }));
    draw();
  };
  const button = (sign, label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = sign;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  };

  function draw() {
    const names = read();
    chips.replaceChildren(
      ...names.map((name, place) => {
        const chip = document.createElement("li");
        chip.append(name);
        if (place > 0) {
          chip.append(button("←", `Move ${name} forward`, () => {
            write([...names.slice(0, place - 1), name, names[place - 1], ...names.slice(place + 1)]);
          }));
        }
        chip.append(button("×", `Remove ${name}`, () => write(names.filter((other) => other !== name))));
        return chip;
      }),
    );
    const rest = known.filter((name) => !names.includes(name));
    menu.replaceChildren(new Option("Add…", ""), ...rest.map((name) => new Option(name)));
  }

  menu.addEventListener("change", () => menu.value && write([...read(), menu.value]));
  draw();
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-names]").forEach(enhance));
