// Passkeys: making one, and answering with one. The forms carry the answer as JSON in a hidden field.

const supported = window.PublicKeyCredential && navigator.credentials;

const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
};

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const withIds = (many) => (many || []).map((one) => ({ ...one, id: bytes(one.id) }));

function made(credential) {
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = credential.response;
  const response = { clientDataJSON: text(clientDataJSON) };
  if (attestationObject) {
    response.attestationObject = text(attestationObject);
    response.transports = credential.response.getTransports ? credential.response.getTransports() : [];
  } else {
    response.authenticatorData = text(authenticatorData);
    response.signature = text(signature);
    if (userHandle) response.userHandle = text(userHandle);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

async function create({ token, options }) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: withIds(options.excludeCredentials),
  };
  return { token, credential: made(await navigator.credentials.create({ publicKey })) };
}

async function answer(form) {
  const headers = { "X-CSRFToken": form.elements.csrf_token.value };
  const asked = await fetch(form.dataset.passkey, { method: "POST", headers });
  const { token, options } = await asked.json();
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: withIds(options.allowCredentials),
  };
  return { token, credential: made(await navigator.credentials.get({ publicKey })) };
}

for (const form of document.querySelectorAll("form[data-passkey], form[data-new-passkey]")) {
  if (!supported) continue;
  form.hidden = false;
  const told = form.querySelector("[role=alert]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    told.hidden = true;
    try {
      const found = form.dataset.newPasskey ? await create(JSON.parse(form.dataset.newPasskey)) : await answer(form);
      form.elements[form.dataset.field || "passkey"].value = JSON.stringify(found);
      form.submit();
    } catch {
      told.hidden = false;
      for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-busy");
    }
  });
}
