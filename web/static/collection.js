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

// Puts the cases into order by hand: dragged by the handle, or moved by the arrow keys on it; both write the numbers.
const list = document.querySelector(".book-pick");
if (list) {
  let held = null;
  const moved = () => {
    [...list.children].forEach((one, place) => { one.querySelector("input[type=number]").value = place + 1; });
    document.querySelector('input[name="sort"][value="hand"]').checked = true;
  };
  for (const handle of list.querySelectorAll(".book-handle")) {
    const line = handle.closest("li");
    handle.hidden = false;
    handle.addEventListener("pointerdown", () => { line.draggable = true; });
    handle.addEventListener("pointerup", () => { line.draggable = false; });
    line.addEventListener("dragstart", () => { held = line; line.classList.add("held"); });
    line.addEventListener("dragend", () => { line.draggable = false; line.classList.remove("held"); held = null; moved(); });
    line.addEventListener("dragover", (event) => {
      if (!held || held === line) return;
      event.preventDefault();
      const box = line.getBoundingClientRect();
      line[event.clientY < box.top + box.height / 2 ? "before" : "after"](held);
    });
    handle.addEventListener("keydown", (event) => {
      const to = { ArrowUp: line.previousElementSibling, ArrowDown: line.nextElementSibling }[event.key];
      if (!to) return;
      event.preventDefault();
      to[event.key === "ArrowUp" ? "before" : "after"](line);
      handle.focus();
      moved();
    });
  }
}
