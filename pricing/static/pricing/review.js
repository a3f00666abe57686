// The checkbox in the head of the table selects all rows on the page.
document.getElementById("tick-all")?.addEventListener("change", (event) => {
  for (const box of document.querySelectorAll("#review [name=model], #review [name=alias]")) box.checked = event.target.checked;
});
