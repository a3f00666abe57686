// A key that is pasted into a search box would get into the address, the browser's history and logs. It is sent to the
// page that explains keys instead, in the body of a request; without permission for that page, it is removed.
"use strict";

(() => {
  const KEY = /_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}(?![0-9A-Za-z])|(?<![0-9A-Za-z])sk-[0-9A-Za-z_-]{16,}|(?<![0-9A-Za-z])[0-9A-Za-z]{15}_[0-9A-Za-z_-]{43}(?![0-9A-Za-z_-])/;
  // Digests of files consist of hexadecimal digits.
  const LONG = /[0-9A-Za-z]{40,}/g;
  const DIGEST = /^(?:[0-9a-f]+|[0-9A-F]+)$/;
  const isKey = (text) => KEY.test(text) || (text.match(LONG) || []).some((run) => !DIGEST.test(run));

  const keyIn = (fields) => fields.filter((field) => field.name && typeof field.value === "string").find((field) => isKey(field.value));

  function explain(field) {
    const key = field.value;
    field.value = "";
    const link = document.querySelector("a[href$='/admin/explain/']");
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || document.querySelector("[name=csrfmiddlewaretoken]")?.value;
    if (!link || !token) return;
    const form = Object.assign(document.createElement("form"), { method: "post", action: link.href, hidden: true });
    for (const [name, value] of Object.entries({ key, csrfmiddlewaretoken: token })) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(form);
    form.submit();
  }

  document.addEventListener("submit", (event) => {
    if (event.target.method !== "get") return;
    const field = keyIn(Array.from(event.target.elements));
    if (!field) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    explain(field);
  }, true);

  document.addEventListener("htmx:configRequest", (event) => {
    const field = event.detail.verb === "get" && keyIn([event.detail.elt]);
    if (!field) return;
    event.preventDefault();
    explain(field);
  });

  // Menus of rows search while somebody types.
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.(".select2-search__field") || !isKey(event.target.value)) return;
    event.stopImmediatePropagation();
    event.target.value = "";
  }, true);
})();
