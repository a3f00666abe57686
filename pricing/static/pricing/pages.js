// Optional: the pages work without scripts. No code here turns text into HTML.
(() => {
  const $ = (id) => document.getElementById(id);
  document.documentElement.classList.add("js");

  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) break;
    const label = button.textContent;
    button.hidden = false;
    button.onclick = async () => {
      await navigator.clipboard.writeText($(button.dataset.copy).textContent);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, 1500);
    };
  }

  const adding = $("add");
  if (adding) {
    let timer, latest = 0;
    const find = async () => {
      const number = ++latest, address = `/compare?${new URLSearchParams(new FormData(adding))}`;
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok || number !== latest) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      $("found").replaceChildren(...page.getElementById("found").childNodes);
      history.replaceState(null, "", address);
    };
    const later = (event) => { if (!event.isComposing) { clearTimeout(timer); timer = setTimeout(find, 120); } };
    adding.addEventListener("input", later);
    adding.addEventListener("compositionend", later);
    adding.addEventListener("submit", (event) => { event.preventDefault(); find(); });
  }

  const form = $("calculator");
  if (form) {
    let timer, latest = 0;
    const calculate = async () => {
      const number = ++latest;
      const address = `${form.getAttribute("action").split("#")[0]}?${new URLSearchParams(new FormData(form))}`;
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok || number !== latest) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      $("result").replaceChildren(...page.getElementById("result").childNodes);
      for (const field of form.querySelectorAll("input, select")) {
        field.ariaInvalid = page.getElementById("calculator").elements[field.name].ariaInvalid;
      }
      // Reload, shared addresses and the links in the header keep the answers.
      history.replaceState(null, "", address + location.hash);
      document.querySelector(".top nav").replaceChildren(...page.querySelector(".top nav").childNodes);
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(calculate, 150); });
    form.addEventListener("submit", (event) => { event.preventDefault(); calculate(); });
  }
})();
