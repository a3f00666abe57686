// A secret that is shown once leaves the page with its visitor: going back shows no stored copy of it.
"use strict";

window.addEventListener("pagehide", () => document.querySelectorAll("[data-shown-once]").forEach((place) => place.remove()));
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
