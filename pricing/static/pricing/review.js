// The checkbox in the head of the table selects all models on the page.
document.getElementById("tick-all")?.addEventListener("change", (event) => {
  for (const box of document.querySelectorAll("#review [name=model]")) box.checked = event.target.checked;
});
