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

// A second click on the same button would only bring back the same receipt; it need not be tried.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => {
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
