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

  const search = $("search");
  if (search && $("models")) {
    const body = $("models").tBodies[0];
    // Read at the first search: a page of a thousand rows is then ready sooner.
    let all;
    const read = () => all ??= [...body.rows].map((row) => {
      const [released, context, rank, price] = row.dataset.n.split(" ");
      const [pick, head] = row.cells;
      const title = head.querySelector("a").textContent;
      return {
        row, released: +released, context: +context, rank: rank === "" ? Infinity : +rank,
        price: price === "-" ? Infinity : +(price || row.cells[4].textContent.replace(/[^\d.]/g, "")),
        words: row.dataset.w, title: title.toLowerCase(), name: pick.firstChild.value,
        text: `${title} ${head.querySelector("small").textContent}`.toLowerCase(),
      };
    });
    // The same orders as in pricing/pages/listing/search.py.
    const by = (...keys) => (a, b) => {
      for (const key of keys) {
        const [x, y] = [key(a), key(b)];
        if (x !== y) return x < y ? -1 : 1;
      }
      return 0;
    };
    const name = (item) => item.name, title = (item) => item.title, newest = (item) => -item.released;
    const orders = {
      popular: by((item) => item.rank, newest, name),
      newest: by(newest, name),
      price: by((item) => item.price, title, name),
      context: by((item) => -item.context, title, name),
      name: by(title, name),
    };
    let order = search.sort.value;

    const show = () => {
      const fields = new FormData(search);
      const terms = fields.get("q").toLowerCase().split(/\s+/).filter(Boolean);
      const words = [...search.querySelectorAll("option:checked[data-w]")].map((option) => option.dataset.w);
      const context = +fields.get("context");
      const price = fields.get("price") === "" ? null : +fields.get("price");
      const rows = read();
      let number = 0;
      for (const item of rows) {
        const fits = terms.every((term) => item.text.includes(term)) && words.every((word) => item.words.includes(word))
          && item.context >= context && (price === null || item.price <= price);
        item.row.hidden = !fits;
        number += fits;
      }
      if (order !== search.sort.value) {
        order = search.sort.value;
        body.append(...rows.sort(orders[order]).map((item) => item.row));
      }
      const query = new URLSearchParams([...fields].filter(([name, value]) => value && !(name === "sort" && value === "popular")));
      const neutral = ["lang", "group", "currency", "per"];
      const narrow = [...query.keys()].some((name) => name !== "sort" && !neutral.includes(name));
      const count = $("count");
      count.textContent = number === 1 ? count.dataset.one : count.dataset.many.replace("#", number);
      $("reset").hidden = !narrow;
      $("models").hidden = !number;
      $("none").hidden = !!number;
      const over = count.getBoundingClientRect().top - search.getBoundingClientRect().bottom;
      if (over < 0) scrollBy(0, over);
      history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    };
    if (search.hasAttribute("data-partial")) {
      // The page has only the first rows: the server searches.
      search.addEventListener("change", (event) => { if (event.target.tagName === "SELECT") search.requestSubmit(); });
      search.addEventListener("formdata", ({ formData }) => {
        for (const [name, value] of [...formData]) if (!value || (name === "sort" && value === "popular")) formData.delete(name);
      });
    } else {
      search.addEventListener("input", show);
      search.addEventListener("submit", (event) => { event.preventDefault(); show(); });
    }
    if (matchMedia("(min-width: 44rem)").matches) search.querySelector("details").open = true;
    const measure = () => $("models").style.setProperty("--bar", `${search.offsetHeight}px`);
    new ResizeObserver(measure).observe(search);

    const picks = $("picks"), compare = $("compare");
    const pick = () => {
      const number = picks.querySelectorAll(":checked").length;
      compare.parentNode.hidden = number < 2;
      compare.textContent = compare.dataset.many.replace("#", number);
      for (const box of picks.m.length ? picks.m : [picks.m]) box.disabled = !box.checked && number >= +compare.dataset.most;
    };
    if (compare) {
      picks.addEventListener("change", pick);
      addEventListener("pageshow", pick);
      pick();
    }
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
