// The drawing of a process: loaded when somebody opens it, with the way that was taken and the state that holds now.
// Without this script its words stay, and the file can be downloaded.

const SCALE = 0.75; // at which words can be read, and some of the way is seen

const loaded = (tag, attributes) =>
  new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement(tag), { ...attributes, onload: done, onerror: failed }));
  });

async function viewerOf(box) {
  if (!window.BpmnJS) {
    const styles = box.dataset.styles.split(" ").map((href) => loaded("link", { rel: "stylesheet", href }));
    await Promise.all([...styles, loaded("script", { src: box.dataset.viewer })]);
  }
  return window.BpmnJS;
}

async function show(box) {
  const drawing = box.querySelector(".flow-drawing");
  try {
    const Viewer = await viewerOf(box);
    const answer = await fetch(box.dataset.flow);
    if (!answer.ok) throw new Error(answer.status);
    const viewer = new Viewer({ container: drawing, zoomScroll: { enabled: false } });
    await viewer.importXML(await answer.text());
    mark(viewer, box);
    steer(viewer, box, drawing);
    box.dataset.shown = "yes";
  } catch (problem) {
    console.error(problem);
    drawing.textContent = box.dataset.failed;
  }
}

function mark(viewer, box) {
  const canvas = viewer.get("canvas");
  const drawn = viewer.get("elementRegistry");
  const passed = box.dataset.passed.split(" ").filter((id) => drawn.get(id));
  passed.forEach((id) => canvas.addMarker(id, "flow-passed"));
  if (drawn.get(box.dataset.here)) canvas.addMarker(box.dataset.here, "flow-here");
}

function steer(viewer, box, drawing) {
  const canvas = viewer.get("canvas");
  const here = viewer.get("elementRegistry").get(box.dataset.here);
  const toHere = () => {
    const { inner, outer } = canvas.viewbox();
    const [width, height] = [outer.width / SCALE, outer.height / SCALE];
    const along = (from, length, middle, size) => Math.max(from, Math.min(middle - size / 2, from + length - size));
    const [x, y] = here ? [here.x + here.width / 2, here.y + here.height / 2] : [inner.x, inner.y];
    canvas.viewbox({ x: along(inner.x, inner.width, x, width), y: along(inner.y, inner.height, y, height), width, height });
  };
  const way = { "fit-viewport": () => canvas.zoom("fit-viewport", "auto"), here: toHere };
  for (const button of box.querySelectorAll("[data-zoom]")) {
    const asked = button.dataset.zoom;
    button.addEventListener("click", way[asked] ?? (() => canvas.zoom(canvas.zoom() * Number(asked), "auto")));
  }
  box.querySelector(".flow-tools").hidden = false;
  toHere();
  drag(canvas, drawing);
}

// The viewer follows the mouse by itself; fingers it leaves to the page.
function drag(canvas, drawing) {
  let last = null;
  drawing.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch") last = event;
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!last || event.pointerId !== last.pointerId) return;
    canvas.scroll({ dx: event.clientX - last.clientX, dy: event.clientY - last.clientY });
    last = event;
  });
  for (const end of ["pointerup", "pointercancel"]) drawing.addEventListener(end, () => (last = null));
}

for (const box of document.querySelectorAll("details[data-flow]")) {
  box.addEventListener("toggle", () => show(box), { once: true });
}
