// Optional: the pages work without scripts. No code here turns text into HTML.
(() => {
  const $ = (id) => document.getElementById(id);
  document.documentElement.classList.add("js");

  // A button copies its value, the text of the element that it names, or the <pre> beside it.
  const textOf = (button) => button.value || (button.dataset.copy ? $(button.dataset.copy) : button.parentNode.querySelector("pre")).textContent;
  // Browsers have no clipboard on pages without TLS.
  if (navigator.clipboard) {
    document.documentElement.classList.add("copies");
    // Read aloud: the text of a button that has the focus is not, when it changes.
    const status = document.createElement("p");
    status.className = "vh";
    status.setAttribute("role", "status");
    document.body.append(status);
    for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = false;
    document.addEventListener("click", async ({ target }) => {
      const button = target.closest("button.copy, #copy");
      if (!button) return;
      await navigator.clipboard.writeText(textOf(button));
      const label = button.textContent, { done } = button.closest("[data-done]").dataset;
      if (label === done) return;
      button.textContent = status.textContent = done;
      // The script of the list may have changed the label of its button.
      setTimeout(() => { if (button.textContent === done) button.textContent = label; status.textContent = ""; }, 1500);
    });
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
