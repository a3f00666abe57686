// Optional: the documentation works without scripts. No code here turns text into HTML.
(() => {
  const find = document.getElementById("find");
  const operations = [...document.querySelectorAll("article[data-find]")];
  const words = new Map(operations.map((operation) => [
    operation, `${operation.dataset.find} ${operation.querySelector(".summary").textContent}`.toLowerCase(),
  ]));
  const sections = [...document.querySelectorAll("section:has(> article)")];

  const filter = () => {
    const terms = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const operation of operations) {
      const fits = terms.every((term) => words.get(operation).includes(term));
      operation.hidden = !fits;
      number += fits;
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("article:not([hidden])");
      document.querySelector(`.contents a[href="#${section.id}"]`).parentNode.hidden = section.hidden;
    }
    document.getElementById("found").textContent = !terms.length ? "" : number ? find.dataset.found.replace("#", number) : find.dataset.none;
  };
  find.parentNode.hidden = false;
  find.addEventListener("input", (event) => { if (!event.isComposing) filter(); });
  find.addEventListener("compositionend", filter);
  if (find.value) filter();

  // A link to a schema opens it, also where browsers do not open closed details themselves.
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.tagName === "DETAILS") target.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", open);
  if (location.hash) open();

  // Paper has no details to open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(".docs details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of opened) details.open = false; });
})();
