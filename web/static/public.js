// Printing a published page or a rulebook; without script the browser's own menu prints it.

for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
