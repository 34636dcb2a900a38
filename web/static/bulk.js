// How many are chosen, all of a page at once, and that work goes on. Everything works without this.

const language = document.documentElement.lang === "en" ? "en" : "zh";
const say = (place, number) => (place.textContent = place.dataset[language].replace("{n}", number));

const bar = document.querySelector("form[data-bulk]");
if (bar) {
  const ticks = [...document.querySelectorAll("[data-tick]")];
  const told = bar.querySelector("[data-ticked]");
  const all = bar.querySelector("[data-all]");
  const count = () => say(told, ticks.filter((one) => one.checked).length);
  for (const one of ticks) {
    one.addEventListener("change", () => {
      bar.elements.which.value = "ticked";
      count();
    });
  }
  all.hidden = ticks.length === 0;
  all.addEventListener("click", () => {
    const wanted = !ticks.every((one) => one.checked);
    for (const one of ticks) one.checked = wanted;
    bar.elements.which.value = "ticked";
    count();
  });
  const asksForOne = (event) => {
    if (bar.elements.which.value !== "ticked" || ticks.some((one) => one.checked)) return;
    event.preventDefault();
    told.textContent = told.dataset.none;
    if (ticks.length > 0) ticks[0].focus();
  };
  bar.addEventListener("submit", asksForOne, { capture: true }); // before buttons are marked busy
  count();
}

const rehearsal = document.querySelector("form[data-rehearsal]");
if (rehearsal) {
  const chosen = [...rehearsal.querySelectorAll("[data-chosen]")];
  const number = rehearsal.querySelector("[data-number]");
  const count = () => number && say(number, chosen.filter((one) => one.checked).length);
  for (const one of chosen) one.addEventListener("change", count);
  rehearsal.addEventListener("submit", () => (rehearsal.querySelector("[data-working]").hidden = false));
  count();
}
