// Small conveniences; every screen works without them.

for (const link of document.querySelectorAll("a[data-dialog]")) {
  const dialog = document.getElementById(link.dataset.dialog);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
}

for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

for (const account of document.querySelectorAll("button[data-login]")) {
  account.addEventListener("click", () => {
    document.getElementById("login").value = account.dataset.login;
    document.getElementById("password").value = account.dataset.password;
    document.querySelector("#sign-in button").focus();
  });
}

// A part of the menu that is open closes where one goes elsewhere, and with Escape.
const opening = document.querySelectorAll(".menu-section, details.who");
for (const one of opening) {
  one.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !one.contains(event.relatedTarget)) one.open = false;
  });
  one.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !one.open) return;
    one.open = false;
    one.querySelector("summary").focus();
  });
}
document.addEventListener("click", (event) => {
  for (const one of opening) if (!one.contains(event.target)) one.open = false;
});

// The slash goes to the search box of a page that has one.
const search = document.querySelector("[aria-keyshortcuts='/']");
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !search) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// A second click on the same button would only bring back the same receipt; it need not be tried.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-busy", "true");
  });
}

for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

for (const unit of document.querySelectorAll("input[name=unit]")) {
  unit.addEventListener("input", () => {
    const other = unit.form.querySelector("input[name=reads][value=other]");
    if (other && unit.value) other.checked = true;
  });
}

// Pages of a scan lie side by side. Their links turn them without moving the rest of the screen, and so do arrow keys.
for (const leaves of document.querySelectorAll(".leaves")) {
  let at = 0;
  const turn = (to, pressed = "") => {
    at = Math.max(0, Math.min(to, leaves.children.length - 1));
    const leaf = leaves.children[at];
    leaves.scrollTo({ left: leaf.offsetLeft - leaves.children[0].offsetLeft });
    if (pressed) (leaf.querySelector(`a[rel=${pressed}]`) || leaf.querySelector("a[rel]")).focus({ preventScroll: true });
  };
  const keys = { ArrowLeft: () => at - 1, ArrowRight: () => at + 1, Home: () => 0, End: () => leaves.children.length - 1 };
  leaves.addEventListener("scrollend", () => (at = Math.round(leaves.scrollLeft / leaves.clientWidth)));
  leaves.addEventListener("click", (event) => {
    const link = event.target.closest("a[rel=prev], a[rel=next]");
    if (!link) return;
    event.preventDefault();
    turn(Number(link.hash.slice("#page-".length)) - 1, link.rel);
  });
  document.addEventListener("keydown", (event) => {
    const key = keys[event.key];
    if (!key || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (leaves.children.length < 2 || (!leaves.contains(event.target) && /Home|End/.test(event.key))) return;
    event.preventDefault();
    turn(key());
  });
}
