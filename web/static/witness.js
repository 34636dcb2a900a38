// This browser as a witness: it keeps the last checkpoint that it saw, and checks that the newest one grew out of it.
// Hashing as in RFC 6962 with SHA-256, proofs as in RFC 9162, section 2.1.4.2.

const KEPT = "zhengji.checkpoint";
const NOTE = /^(\S+)\n(\d+)\n([A-Za-z0-9+/]{43}=)\n/;

const bytesOfHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hexOfBase64 = (text) => [...atob(text)].map((one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join("");
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

async function parent(left, right) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from([1, ...left, ...right])));
}

/** Whether the path shows that a tree of `size` leaves over `root` begins with one of `old.size` over `old.root`. */
export async function grewOutOf(old, size, root, path) {
  const parts = path.map(bytesOfHex);
  const [oldRoot, newRoot] = [bytesOfHex(old.root), bytesOfHex(root)];
  if (old.size === size) return same(oldRoot, newRoot);
  // Numbers of 53 bits are halved by division: shifting would cut them to 32.
  const isPowerOfTwo = Number.isInteger(Math.log2(old.size));
  if (isPowerOfTwo) parts.unshift(oldRoot);
  if (!parts.length) return false;
  const half = (number) => Math.floor(number / 2);
  let [at, last] = [old.size - 1, size - 1];
  while (at % 2) [at, last] = [half(at), half(last)];
  let [earlier, later] = [parts[0], parts[0]];
  for (const one of parts.slice(1)) {
    if (last === 0) return false;
    if (at % 2 || at === last) {
      earlier = await parent(one, earlier);
      later = await parent(one, later);
      while (at && at % 2 === 0) [at, last] = [half(at), half(last)];
    } else {
      later = await parent(later, one);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(earlier, oldRoot) && same(later, newRoot);
}

function read(note) {
  const found = NOTE.exec(note ?? "");
  return found && { origin: found[1], size: Number(found[2]), root: hexOfBase64(found[3]), note };
}

async function compare(line, kept, newest) {
  if (kept.origin !== newest.origin || newest.size < kept.size) return "changed";
  if (newest.size === kept.size) return newest.root === kept.root ? "same" : "changed";
  const answer = await fetch(`${line.dataset.consistency}?from=${kept.size}&to=${newest.size}`);
  if (!answer.ok) return null;
  const { algorithm, proof } = await answer.json();
  if (algorithm !== "sha256" || !globalThis.crypto?.subtle) return "unable";
  return (await grewOutOf(kept, newest.size, newest.root, proof)) ? "same" : "changed";
}

function say(line, verdict, kept, newest) {
  line.hidden = false;
  line.className = `witness witness-${verdict}`;
  line.textContent = line.dataset[verdict].replace("{n}", newest.size).replace("{m}", kept?.size);
  if (verdict === "unable") {
    const link = Object.assign(document.createElement("a"), { href: line.dataset.verifier, textContent: " →" });
    link.setAttribute("aria-label", line.dataset.unable);
    line.append(link);
  }
  if (verdict !== "changed") return;
  line.setAttribute("role", "alert");
  const before = document.createElement("code");
  before.textContent = `${line.dataset.kept}${kept.size}:${kept.root}`;
  const again = Object.assign(document.createElement("button"), {
    type: "button",
    className: "btn btn-sm",
    textContent: line.dataset.again,
  });
  again.addEventListener("click", () => {
    localStorage.setItem(KEPT, newest.note);
    say(line, "first", null, newest);
    line.removeAttribute("role");
  });
  line.append(before, document.createElement("br"), again);
}

async function look(line) {
  const answer = await fetch(line.dataset.checkpoint);
  const newest = answer.ok ? read(await answer.text()) : null;
  if (!newest) return;
  const kept = read(localStorage.getItem(KEPT));
  const verdict = kept ? await compare(line, kept, newest) : "first";
  if (!verdict) return;
  say(line, verdict, kept, newest);
  if (verdict === "same" || verdict === "first") localStorage.setItem(KEPT, newest.note);
}

for (const line of document.querySelectorAll("[data-witness]")) {
  // A server that does not answer says nothing about the record.
  look(line).catch(() => {});
}
