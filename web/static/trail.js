// Keys on the list of the trail: j and k from entry to entry. Nothing else depends on it.

const entries = [...document.querySelectorAll(".trail .entry-receipt")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !entries.length) return;
  const here = entries.indexOf(document.activeElement);
  const next = here < 0 ? (step > 0 ? 0 : entries.length - 1) : Math.min(Math.max(here + step, 0), entries.length - 1);
  entries[next].focus();
  entries[next].closest("li").scrollIntoView({ block: "nearest" });
});
