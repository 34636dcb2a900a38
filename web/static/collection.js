// Counts what is ticked, ticks all or none. Without it the form works the same.
const form = document.getElementById("book");
if (form) {
  const boxes = [...form.querySelectorAll('input[name="case"]')];
  const told = document.getElementById("ticked");
  const tell = () => { told.value = told.dataset.words.replace("{n}", boxes.filter((one) => one.checked).length); };
  form.querySelector(".book-all-ticks").hidden = false;
  form.addEventListener("change", tell);
  for (const button of form.querySelectorAll("[data-tick]")) {
    button.addEventListener("click", () => {
      for (const one of boxes) one.checked = button.dataset.tick === "all";
      tell();
    });
  }
  tell();
}
