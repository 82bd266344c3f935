// A handle on a ring about the plane's centre that turns an axis: by mouse, touch or arrow keys.
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

// The same angle in (−180, 180], in whole degrees.
export function wrapDegrees(degrees) {
  const turned = Math.round(degrees) % 360;
  if (turned > 180) return turned - 360;
  return turned <= -180 ? turned + 360 : turned + 0;
}

// `place(degrees)` gives the handle's pixel; `degreesAt(pixel)` the angle under a pixel of the plane.
export function turnHandle({ plane, label, step, place, degreesAt, turned, signal }) {
  const handle = document.createElement("div");
  handle.className = "hnrc-handle hnrc-turn";
  handle.tabIndex = 0;
  const attributes = {
    role: "slider",
    "aria-label": label,
    "aria-valuemin": -180,
    "aria-valuemax": 180,
  };
  for (const [name, value] of Object.entries(attributes)) handle.setAttribute(name, value);
  plane.append(handle);
  let present = 0;
  const onKey = (event) => {
    const direction = KEYS[event.key];
    if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    turned(wrapDegrees(present + direction * step * (event.shiftKey ? 5 : 1)));
  };
  handle.addEventListener("keydown", onKey, { signal });
  listen(plane, handle, (pixel) => turned(wrapDegrees(degreesAt(pixel))), signal);
  const update = (degrees) => {
    present = degrees;
    const [x, y] = place(degrees);
    handle.style.transform = `translate(${x}px, ${y}px)`;
    handle.setAttribute("aria-valuenow", degrees);
    handle.setAttribute("aria-valuetext", `${degrees}°`);
  };
  return { element: handle, update };
}

// The plane moves another point by the same events: none of this handle's own may reach it.
function listen(plane, handle, follow, signal) {
  let dragging = null;
  const on = (name, heard) =>
    handle.addEventListener(
      name,
      (event) => {
        event.stopPropagation();
        heard(event);
      },
      { signal },
    );
  on("pointerdown", (event) => {
    if (event.button !== 0) return;
    dragging = event.pointerId;
    handle.setPointerCapture(dragging);
    handle.classList.add("hnrc-dragging");
    handle.focus({ preventScroll: true });
    event.preventDefault();
  });
  on("pointermove", (event) => {
    if (event.pointerId !== dragging) return;
    const box = plane.getBoundingClientRect();
    follow([event.clientX - box.left, event.clientY - box.top]);
  });
  const end = (event) => {
    if (event.pointerId !== dragging) return;
    dragging = null;
    handle.classList.remove("hnrc-dragging");
  };
  on("pointerup", end);
  on("pointercancel", end);
  on("click", () => {});
}
