// A canvas as sharp as the screen, redrawn when its box or the screen's density changes. The box is measured
// when it is first asked for: each measurement of a changed page costs a layout, so it waits for all boxes.
export function createCanvas(parent, { label, className = "", signal, resized }) {
  const canvas = document.createElement("canvas");
  canvas.className = `hnrc-canvas ${className}`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  parent.append(canvas);
  const context = canvas.getContext("2d");
  const box = { width: 0, height: 0 };
  let measured = false;
  const measure = () => {
    measured = true;
    const { width, height } = canvas.getBoundingClientRect();
    const changed = width !== box.width || height !== box.height;
    Object.assign(box, { width, height });
    return changed;
  };
  const observer = new ResizeObserver(() => measure() && resized());
  observer.observe(canvas);
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  window.addEventListener("resize", resized, { signal });
  const describe = (text) => canvas.setAttribute("aria-label", text);
  return {
    canvas,
    context,
    describe,
    get box() {
      if (!measured) measure();
      return box;
    },
  };
}

// Clears the canvas and returns true, or false while it has no box to draw in.
export function beginDrawing({ canvas, context, box }) {
  const density = window.devicePixelRatio || 1;
  const width = Math.round(box.width * density);
  const height = Math.round(box.height * density);
  if (width < 1 || height < 1) return false;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.setTransform(density, 0, 0, density, 0, 0);
  Object.assign(context, { globalAlpha: 1, lineJoin: "miter", lineCap: "butt" });
  context.clearRect(0, 0, box.width, box.height);
  return true;
}
