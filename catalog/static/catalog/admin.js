// Makes the admin's theme usable by keyboard and with screen readers: its controls are spans, and its icons are words.
// It depends on what the controls do and not on how the theme draws them, so that it works with all supported releases.
"use strict";

(() => {
  const CONTROLS = ":is(span, div, td, a:not([href]))[x-on\\:click]:not([role], #changelist-filter-close)";
  const FOCUSABLE = "a[href], button, input, select, textarea, [tabindex='0']";
  const WIDE = window.matchMedia("(min-width: 1280px)");
  // The names of controls that show only an icon.
  const NAMES = {
    dock_to_right: "Menu",
    close: "Close the menu",
    more_horiz: "Actions",
    visibility: "Show the password",
    visibility_off: "Hide the password",
    expand_more: "Show more",
    light_mode: "Color scheme",
    dark_mode: "Color scheme",
    computer: "Color scheme",
    menu_book: "Overview",
    search: "Search",
  };
  const menu = () => document.getElementById("nav-sidebar");
  const isShown = (element) => Boolean(element?.getClientRects().length);
  const each = (root, selector, change) => {
    if (root.matches?.(selector)) change(root);
    root.querySelectorAll?.(selector).forEach(change);
  };
  const words = (element) =>
    Array.from(element.childNodes, (node) =>
      node.nodeType === Node.TEXT_NODE ? node.data : node.matches?.(".material-symbols-outlined") ? "" : words(node),
    ).join("").trim();
  const name = (element, text) => element.hasAttribute("aria-label") || element.setAttribute("aria-label", text);

  function makeOperable(control) {
    const icon = (control.matches(".material-symbols-outlined") ? control : control.querySelector(".material-symbols-outlined"))?.textContent.trim();
    control.setAttribute("role", "button");
    control.tabIndex = 0;
    if (control.matches(".material-symbols-outlined") || !words(control)) name(control, control.title || NAMES[icon] || "More");
    control.addEventListener("keydown", (event) => {
      if (event.target !== control || !["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      control.click();
    });
    showState(control);
  }

  // A control that opens something says whether it is open.
  function showState(control) {
    const action = control.getAttribute("x-on:click");
    const state = action.includes("sidebarToggle()") ? "sidebarOpen" : /(\w+)\s*=\s*!\s*\1\b/.exec(action)?.[1];
    if (state && window.Alpine) window.Alpine.effect(() => control.setAttribute("aria-expanded", Boolean(window.Alpine.evaluate(control, state))));
  }

  function labelOf(field) {
    const label = field.labels?.[0];
    return label ? label.textContent.replace(/[*\s]+$/, "").trim() : field.getAttribute("aria-label") || "";
  }

  // A field in a table is named by the title of its column, and one of several in a row by the row's title.
  function nameField(field) {
    if (field.type === "hidden" || field.labels?.length || field.hasAttribute("aria-label")) return;
    const cell = field.closest("td");
    const column = cell?.closest("table")?.querySelector("thead")?.rows[0]?.cells[cell.cellIndex];
    const title = field.closest("[class*='field-']")?.querySelector("label, legend");
    const text = [cell?.dataset.label || words(column ?? title ?? field), field.placeholder || field.title];
    const label = text.filter(Boolean).join(", ").replace(/[*\s]+$/, "");
    if (label) field.setAttribute("aria-label", label);
  }

  // The widget that replaces a menu of rows shows the chosen row, and does not say what it is.
  function nameChoice(container) {
    const select = container.previousElementSibling;
    const label = select?.matches?.("select") ? labelOf(select) || select.closest("td")?.dataset.label : "";
    if (!label) return;
    const shown = container.querySelector(".select2-selection__rendered");
    const combobox = container.querySelector(".select2-selection");
    combobox.removeAttribute("aria-labelledby");
    combobox.setAttribute("aria-label", shown?.title ? `${label}: ${shown.title}` : label);
    if (shown?.getAttribute("role") === "textbox") {
      shown.removeAttribute("role");
      shown.removeAttribute("aria-readonly");
    }
    each(container, ".select2-search__field", (field) => name(field, label));
    each(container, "ul, li", (part) => part.setAttribute("role", "none"));
  }

  function improve(root) {
    each(root, CONTROLS, makeOperable);
    each(root, ":is(a[href], button):not([title])", (control) => {
      const icon = control.querySelector(".material-symbols-outlined")?.textContent.trim();
      if (icon && !words(control)) name(control, NAMES[icon] || "More");
    });
    each(root, ".material-symbols-outlined:not([role])", (icon) => icon.setAttribute("aria-hidden", "true"));
    each(root, "span.help-tooltip[aria-label]", (tip) => tip.setAttribute("role", "img"));
    each(root, "[x-data='searchCommand()']", (box) => {
      box.setAttribute("role", "dialog");
      box.setAttribute("aria-modal", "true");
      name(box, "Search");
    });
    each(root, ":is(input, select, textarea)", nameField);
    // On a phone a row is a card: a line for each column that has a value.
    each(root, "#result_list td[data-label]", (cell) => cell.classList.toggle("empty-cell", /^[-–]?$/.test(cell.textContent.trim()) && !cell.querySelector("input, img, .material-symbols-outlined")));
    each(root, ".select2-container", nameChoice);
    each(root, ".simplebar-content-wrapper", (box) => {
      // Only what scrolls is reached by keyboard, and the lists that it contains are named already.
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    });
    each(root, "thead th", (cell) => {
      if (cell.textContent.trim() || cell.querySelector("input")) return;
      const text = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: "Actions" });
      cell.append(text);
    });
  }

  // On narrow screens the menu covers the page: the focus moves into it, stays in it, and returns.
  function followMenu() {
    let opener = null;
    let wasOpen = isShown(menu());
    const update = () => {
      const isOpen = isShown(menu()) && !WIDE.matches;
      document.getElementById("main").inert = isOpen;
      if (isOpen && !wasOpen) {
        opener = document.activeElement;
        fields().find((field) => field.matches("[role=button]"))?.focus();
      } else if (!isOpen && wasOpen && opener) {
        opener.focus();
        opener = null;
      }
      wasOpen = isOpen;
    };
    const fields = () => Array.from(menu().querySelectorAll(FOCUSABLE)).filter(isShown);
    const close = () => menu().querySelector("[x-on\\:click*=idebar]")?.click();
    new ResizeObserver(update).observe(menu());
    document.addEventListener("keydown", (event) => {
      if (!isShown(menu()) || WIDE.matches) return;
      if (event.key === "Escape") close();
      if (event.key !== "Tab") return;
      const all = fields();
      const [first, last] = [all[0], all.at(-1)];
      if (event.shiftKey ? document.activeElement === first : document.activeElement === last) {
        event.preventDefault();
        (event.shiftKey ? last : first).focus();
      }
    });
    update();
  }

  function start() {
    improve(document.body);
    new MutationObserver((changes) => {
      for (const change of changes) change.addedNodes.forEach((node) => node.nodeType === Node.ELEMENT_NODE && improve(node));
    }).observe(document.body, { childList: true, subtree: true });
    if (menu()) followMenu();
  }

  document.addEventListener("alpine:initialized", start);
})();
