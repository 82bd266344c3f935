import { clamp, planePixels } from "./scale.js";

const PLANE_KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
const DOWN_KEYS = { ...PLANE_KEYS, ArrowDown: [0, 1], ArrowUp: [0, -1] };
const LINE_KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [-1, 0], ArrowUp: [1, 0] };

// A point to drag inside `plane`, by mouse, touch or arrow keys. Only the handle itself refuses to scroll
// the page; elsewhere a mouse press or a tap sets the point and a swipe scrolls.
// `line`: only the first coordinate moves, as on a slider. `pressable: false`: one of several in a plane,
// which moves by its own handle alone. `down`: the second coordinate grows downwards, as rows do.
export function dragHandle(options) {
  const { plane, label, bounds, step, toPixels, fromPixels, describe, moved, signal } = options;
  const { line = false, pressable = true, down = false } = options;
  const keys = line ? LINE_KEYS : down ? DOWN_KEYS : PLANE_KEYS;
  const handle = document.createElement("div");
  handle.className = "hnrc-handle";
  handle.tabIndex = 0;
  const attributes = {
    role: "slider",
    "aria-label": label,
    ...(line ? {} : { "aria-roledescription": "two-dimensional slider" }),
    "aria-valuemin": bounds[0][0],
    "aria-valuemax": bounds[0][1],
  };
  for (const [name, value] of Object.entries(attributes)) handle.setAttribute(name, value);
  plane.append(handle);
  let point = [0, 0];
  const move = (next) => moved(next.map((x, i) => Number(clamp(x, ...bounds[i]).toFixed(3))));
  const follow = (event) => {
    const box = plane.getBoundingClientRect();
    move(fromPixels([event.clientX - box.left, event.clientY - box.top]));
  };
  listenPointer(plane, handle, { follow, pressable, signal });
  const onKey = (event) => {
    const direction = keys[event.key];
    if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const length = step * (event.shiftKey ? 5 : 1);
    move(point.map((x, i) => x + length * direction[i]));
  };
  handle.addEventListener("keydown", onKey, { signal });
  const update = (next) => {
    point = next;
    const [x, y] = toPixels(next);
    handle.style.transform = `translate(${x}px, ${y}px)`;
    handle.setAttribute("aria-valuenow", next[0]);
    handle.setAttribute("aria-valuetext", describe(next));
  };
  return { element: handle, update };
}

// A point of the plane that `stage` shows by the { x, y } of scalesOf(box).
export function planeHandle({ stage, scalesOf, step = 0.05, ...options }) {
  return dragHandle({ ...planePixels(() => scalesOf(stage.box)), step, ...options });
}

function listenPointer(plane, handle, { follow, pressable, signal }) {
  let dragging = null;
  const elsewhere = (target) => target !== handle && (!pressable || target.classList.contains("hnrc-handle"));
  const begin = (event) => {
    const onHandle = event.target === handle;
    if (event.button !== 0 || (event.pointerType === "touch" && !onHandle)) return;
    if (elsewhere(event.target)) return;
    dragging = event.pointerId;
    plane.setPointerCapture(dragging);
    handle.classList.add("hnrc-dragging");
    handle.focus({ preventScroll: true });
    event.preventDefault();
    if (!onHandle) follow(event);
  };
  const end = (event) => {
    if (event.pointerId !== dragging) return;
    dragging = null;
    handle.classList.remove("hnrc-dragging");
  };
  const tap = (event) => {
    if (event.pointerType === "touch" && event.target !== handle && !elsewhere(event.target)) follow(event);
  };
  plane.addEventListener("pointerdown", begin, { signal });
  plane.addEventListener("pointermove", (event) => event.pointerId === dragging && follow(event), { signal });
  plane.addEventListener("pointerup", end, { signal });
  plane.addEventListener("pointercancel", end, { signal });
  plane.addEventListener("click", tap, { signal });
}
