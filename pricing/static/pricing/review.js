// The box in the head of a plan's table ticks all models of the page.
document.getElementById("tick-all")?.addEventListener("change", (event) => {
  for (const box of document.querySelectorAll("#review [name=model]")) box.checked = event.target.checked;
});
