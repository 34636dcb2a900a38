// The editor's live 字数, the themes of the chosen phase, and a warning before unsaved words are lost.
import { COUNTS } from "./wordcount.js";

const form = document.querySelector("form.editor");
const texts = [...form.querySelectorAll("textarea.writing")];
const whole = form.querySelector("[data-counts-all]");
const limit = Number(form.dataset.limit) || 0;
const [wordCount, leastWordCount] = COUNTS[form.dataset.counted];

function count() {
  for (const text of texts) {
    const shown = form.querySelector(`[data-counts="${text.id}"]`);
    shown.textContent = `${wordCount(text.value)} ${shown.dataset.unit}`;
  }
  const body = texts.map((text) => text.value.trim()).filter(Boolean).join("\n");
  const over = limit ? leastWordCount(body) - limit : 0;
  const of = limit ? ` / ${limit}` : "";
  const warning = over > 0 ? ` · ${whole.dataset.over.replace("{n}", over)}` : "";
  whole.textContent = `${wordCount(body)}${of} ${whole.dataset.unit}${warning}`;
  whole.classList.toggle("over", over > 0);
}

function offerThemes() {
  const phase = form.querySelector("#phase").selectedOptions[0];
  const allowed = phase.dataset.themes ? phase.dataset.themes.split(" ") : null;
  const theme = form.querySelector("#theme");
  for (const option of theme.options) {
    const fits = !option.value || !allowed || allowed.includes(option.value) || option.selected;
    option.hidden = option.disabled = !fits;
  }
  const needsName = "needsName" in (theme.selectedOptions[0]?.dataset ?? {});
  form.querySelector("#theme-name-field").hidden = !needsName && !form.querySelector("#theme_name").value;
}

let changed = form.querySelector("[aria-invalid]") !== null || document.querySelector(".flash-block") !== null;
form.addEventListener("input", () => {
  changed = true;
  count();
});
form.addEventListener("change", offerThemes);
form.addEventListener("submit", () => {
  changed = false;
});
window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});

count();
offerThemes();
