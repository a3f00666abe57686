// Optional: the list of models works without scripts. The server searches and renders; no code here turns text into HTML.
(() => {
  const $ = (id) => document.getElementById(id);
  const form = $("search"), picks = $("picks"), compare = $("compare"), copy = $("copy");
  // Milliseconds without a key before a search is sent.
  const PAUSE = 40;

  // The query of the page's address for what the form says.
  const queryOf = () => {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (value.trim() && !(name === "sort" && value === "popular")) query.append(name, value.trim());
    }
    return query;
  };
  // Whether the form can say it: an option that few addresses name, such as a context of 5000, is only in their pages.
  const fill = (query) => {
    for (const field of form.elements) {
      if (field.type === "checkbox") field.checked = query.getAll(field.name).join(".").split(".").includes(field.value);
      else if (field.name && field.type !== "hidden") field.value = query.get(field.name) ?? (field.name === "sort" ? "popular" : "");
    }
    return [...form.querySelectorAll("select")].every((field) => field.selectedIndex >= 0);
  };
  const load = (query, signal) => fetch(`${form.dataset.results}?${query}`, { headers: { Accept: "text/html" }, signal });
  const results = async (query, signal) => {
    const answer = await load(query, signal);
    if (!answer.ok) throw answer;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };
  const report = (error) => {
    const { busy, offline, failed } = form.dataset;
    $("problem").textContent = error?.status === 429 ? busy : error instanceof TypeError ? offline : failed;
  };

  // Models stay picked while other ones are searched: those without a row are hidden fields.
  const picked = new Set();
  const showPicks = () => {
    const boxes = [...picks.querySelectorAll("[type=checkbox]")], rows = new Set();
    for (const box of boxes) {
      rows.add(box.value);
      box.checked = picked.has(box.value);
    }
    $("picked").replaceChildren(...[...picked].filter((name) => !rows.has(name)).map((name) => {
      const field = document.createElement("input");
      [field.type, field.name, field.value] = ["hidden", "m", name];
      return field;
    }));
    const { most, many, over } = compare.dataset;
    compare.parentNode.hidden = !picked.size;
    compare.hidden = picked.size < 2;
    compare.disabled = picked.size > +most;
    compare.textContent = compare.disabled ? over.replace("#", most) : many.replace("#", picked.size);
    copy.hidden = !navigator.clipboard;
    copy.value = [...picked].join("\n");
    copy.textContent = picked.size === 1 ? copy.dataset.one : copy.dataset.many.replace("#", picked.size);
  };
  const readPicks = () => {
    for (const box of picks.querySelectorAll("[type=checkbox]")) picked[box.checked ? "add" : "delete"](box.value);
    showPicks();
  };

  // A page that is long enough gets no more rows: its link leads to the next page.
  const hasRoom = () => {
    const rows = $("models").tBodies[0].rows, all = document.getElementsByTagName("*").length;
    const page = $("models").tBodies[0].getElementsByTagName("*").length / rows.length * +$("range").dataset.rows;
    return all + 1.1 * page <= +$("next").dataset.most;
  };
  const watcher = new IntersectionObserver((seen) => { if (seen.some((entry) => entry.isIntersecting)) append(); }, { rootMargin: "600px" });
  const prepare = () => {
    const next = $("next");
    watcher.disconnect();
    if (!next) return;
    next.dataset.page ??= next.textContent;
    next.textContent = hasRoom() ? next.dataset.more : next.dataset.page;
    if (hasRoom()) watcher.observe(next);
  };

  let current = null, timer, isTyped = false, appended = 0;
  const start = () => {
    clearTimeout(timer);
    picks.ariaBusy = "true";
    current?.abort();
    current = new AbortController();
    return current.signal;
  };
  // Shows what the server finds. `change` is the method of the history that stores the address, if any.
  const show = async (query, change) => {
    const signal = start();
    try {
      const page = await results(query, signal);
      if (signal.aborted) return;
      const count = page.getElementById("count"), reset = page.getElementById("reset");
      $("count").textContent = count.textContent;
      $("reset").hidden = reset.hidden;
      for (const id of ["switches", "list"]) $(id).replaceWith(page.getElementById(id));
      if (change) history[change](null, "", $("list").dataset.address);
      $("problem").textContent = "";
      appended = 0;
      if (compare) showPicks();
      prepare();
      const over = $("count").getBoundingClientRect().top - form.getBoundingClientRect().bottom;
      if (over < 0) scrollBy(0, over);
    } catch (error) {
      if (!signal.aborted) report(error);
    }
    if (!signal.aborted) picks.ariaBusy = "false";
  };
  // All keys of one word are one step back.
  const search = async (isTyping) => {
    const change = isTyping && isTyped ? "replaceState" : "pushState";
    await show(queryOf(), change);
    isTyped = isTyping;
  };
  const append = async () => {
    const next = $("next");
    if (!next || !hasRoom() || picks.ariaBusy === "true") return false;
    const signal = start();
    try {
      const page = await results(new URL(next.href).searchParams, signal);
      if (signal.aborted) return false;
      const [range, more] = [page.getElementById("range"), page.getElementById("next")];
      $("models").tBodies[0].append(...page.getElementById("models").tBodies[0].rows);
      $("range").textContent = range.textContent.replace(range.dataset.first, $("range").dataset.first);
      if (page.getElementById("star") && !$("star")) $("list").prepend(page.getElementById("star"));
      if (more) next.href = more.href; else next.remove();
      $("problem").textContent = "";
      history.replaceState({ ...history.state, appended: ++appended }, "");
      if (compare) showPicks();
      picks.ariaBusy = "false";
      prepare();
      return true;
    } catch (error) {
      // Not prepared again: the next attempt is a click, or scrolling away and back.
      if (!signal.aborted) {
        report(error);
        picks.ariaBusy = "false";
      }
      return false;
    }
  };

  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    // An input method is still composing the word.
    if (event.isComposing) return;
    picks.ariaBusy = "true";
    const isTyping = event.target.name === "q";
    if (isTyping && event.target.value) timer = setTimeout(search, PAUSE, true); else search(isTyping);
  });
  form.addEventListener("compositionend", () => {
    clearTimeout(timer);
    picks.ariaBusy = "true";
    timer = setTimeout(search, PAUSE, true);
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); search(true); });
  // The whole list is then there when the search is cleared.
  form.addEventListener("focusin", () => {
    const query = queryOf();
    for (const name of [...query.keys()]) if (name !== "cols" && form.elements[name].type !== "hidden") query.delete(name);
    setTimeout(() => load(query).then((answer) => answer.text()).catch(() => {}), 1000);
  }, { once: true });
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("#switches a");
    if (choice && picks.ariaBusy === "true") {
      // Its address is that of the last search: what was typed since then stays.
      const address = new URL(choice.href), word = form.elements.q.value.trim();
      address.searchParams.delete("page");
      if (word) address.searchParams.set("q", word); else address.searchParams.delete("q");
      choice.href = address;
    }
    const link = event.target.closest("#list thead a, #list .pager a, #list .none a, #reset");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.id === "next" && hasRoom()) { append(); return; }
    const query = new URL(link.href).searchParams, head = link.closest("th");
    if (head) {
      // What was typed since then stays: the links are those of the last search.
      const field = form.elements.sort, sort = query.get("sort");
      if (![...field.options].some((option) => option.value === sort)) field.add(new Option(head.title, sort));
      field.value = sort;
      search(false);
      return;
    }
    fill(query);
    isTyped = false;
    show(query, "pushState");
    if (link.rel) $("count").scrollIntoView();
  });
  addEventListener("popstate", () => {
    const query = new URLSearchParams(location.search);
    isTyped = false;
    if (fill(query)) show(query); else location.reload();
  });

  if (matchMedia("(min-width: 44rem)").matches) form.querySelector("details").open = true;
  new ResizeObserver(() => form.parentNode.style.setProperty("--bar", `${form.offsetHeight}px`)).observe(form);
  if (compare) {
    picks.addEventListener("change", readPicks);
    addEventListener("pageshow", readPicks);
    readPicks();
  }
  // After a reload, and on the way back from a model: the rows that were there, at the same place.
  // What the page stores while it closes can get lost.
  let resting;
  addEventListener("scroll", () => {
    clearTimeout(resting);
    resting = setTimeout(() => { if (appended) history.replaceState({ appended, top: scrollY }, ""); }, 100);
  });
  (async () => {
    const { appended: number = 0, top } = history.state ?? {};
    while (appended < number && await append()) {}
    if (top) scrollTo(0, top);
    // Before, the browser's own place would have requested the same rows.
    prepare();
  })();
})();
