// The reader's hand on the surface: a drag turns and tilts it, wheel, pinch and keys do too; hovering marks a point.
import { element } from "../shared/controls.js";
import { clamp } from "../shared/scale.js";
import { SCHEMA } from "./presets.js";

const PER_PIXEL = 0.4; // degrees
const TAP = 4; // pixels that a press may move and still be no drag
const WHEEL = 0.0015; // of a scrolled pixel, in the logarithm of the zoom
const KEYS = { ArrowLeft: ["turn", -5], ArrowRight: ["turn", 5], ArrowUp: ["tilt", 5], ArrowDown: ["tilt", -5] };
const ZOOM_KEYS = { "+": 1.25, "=": 1.25, "-": 0.8 };

export function turned(degrees) {
  const once = (((degrees + 180) % 360) + 360) % 360;
  return Number((once - 180).toFixed(1));
}

export function tilted(degrees) {
  return Number(clamp(degrees, SCHEMA.tilt.min, SCHEMA.tilt.max).toFixed(1));
}

export function zoomed(factor) {
  return Number(clamp(factor, SCHEMA.zoom.min, SCHEMA.zoom.max).toFixed(2));
}

// `read()` gives the state, `write(values)` changes it, `marked([x, y] in pixels)` marks what is seen there.
// A finger turns sideways, for upwards it scrolls the page; two fingers tilt and enlarge.
export function orbit({ plane, read, write, marked, home, describe, signal }) {
  const surface = element("div", "hnrc-orbit");
  surface.tabIndex = 0;
  const attributes = {
    role: "slider",
    "aria-label": "View of the surface",
    "aria-roledescription": "view to turn",
    "aria-valuemin": SCHEMA.turn.min,
    "aria-valuemax": SCHEMA.turn.max,
  };
  for (const [name, value] of Object.entries(attributes)) surface.setAttribute(name, value);
  plane.append(surface);
  listenPointers(surface, { read, write, marked, signal });
  const onKey = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const [name, degrees] = KEYS[event.key] ?? [];
    const state = read();
    const length = degrees * (event.shiftKey ? 3 : 1);
    if (name === "turn") write({ turn: turned(state.turn + length) });
    else if (name === "tilt") write({ tilt: tilted(state.tilt + length) });
    else if (ZOOM_KEYS[event.key]) write({ zoom: zoomed(state.zoom * ZOOM_KEYS[event.key]) });
    else if (event.key === "Home") home();
    else return;
    event.preventDefault();
  };
  const onWheel = (event) => {
    if (document.activeElement !== surface && !event.ctrlKey) return; // else the page scrolls
    event.preventDefault();
    write({ zoom: zoomed(read().zoom * Math.exp(-WHEEL * event.deltaY * (event.ctrlKey ? 5 : 1))) });
  };
  surface.addEventListener("keydown", onKey, { signal });
  surface.addEventListener("wheel", onWheel, { signal, passive: false });
  const update = (state) => {
    surface.setAttribute("aria-valuenow", state.turn);
    surface.setAttribute("aria-valuetext", describe(state));
  };
  return { element: surface, update };
}

function spread(points) {
  const [[x0, y0], [x1, y1]] = points;
  return { distance: Math.hypot(x1 - x0, y1 - y0), height: (y0 + y1) / 2 };
}

// Pointers that are down, by their number; `from` is what the state was when their number last changed.
function listenPointers(surface, { read, write, marked, signal }) {
  const down = new Map();
  let from = null;
  const placeOf = (event) => {
    const box = surface.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const begin = () => {
    const points = [...down.values()].map(({ now }) => now);
    from = points.length === 0 ? null : { points, ...read() };
  };
  const press = (event) => {
    if (event.button !== 0) return;
    const now = placeOf(event);
    down.set(event.pointerId, { now, first: now, touch: event.pointerType === "touch", moved: false });
    surface.setPointerCapture(event.pointerId);
    begin();
  };
  const drag = (event) => {
    const own = down.get(event.pointerId);
    if (!own) return event.pointerType === "touch" ? undefined : marked(placeOf(event));
    own.now = placeOf(event);
    own.moved ||= Math.hypot(own.now[0] - own.first[0], own.now[1] - own.first[1]) > TAP;
    return own.moved ? follow(own) : undefined;
  };
  const follow = ({ now, touch }) => {
    if (down.size === 1) {
      const [x, y] = from.points[0];
      const tilt = touch ? {} : { tilt: tilted(from.tilt + PER_PIXEL * (now[1] - y)) };
      return write({ turn: turned(from.turn + PER_PIXEL * (now[0] - x)), ...tilt });
    }
    if (down.size > 2) return undefined;
    const [before, after] = [from.points, [...down.values()].map((each) => each.now)].map(spread);
    const zoom = zoomed((from.zoom * after.distance) / Math.max(before.distance, 1));
    return write({ zoom, tilt: tilted(from.tilt + PER_PIXEL * (after.height - before.height)) });
  };
  const lift = (event) => {
    const own = down.get(event.pointerId);
    if (!own) return;
    down.delete(event.pointerId);
    begin();
    if (event.type === "pointerup" && !own.moved) marked(own.now);
  };
  surface.addEventListener("pointerdown", press, { signal });
  surface.addEventListener("pointermove", drag, { signal });
  surface.addEventListener("pointerup", lift, { signal });
  surface.addEventListener("pointercancel", lift, { signal });
}
