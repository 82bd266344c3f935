// The axis of eigenvalues that two views share: pixels, ticks, and the grid behind.
import { segment, write } from "../shared/axes.js";
import { formatNumber, formatPower } from "../shared/format.js";
import { linearScale, linearTicks } from "../shared/scale.js";
import { fromAxis, toAxis, UNIT } from "./density.js";

const ROOM = 42; // pixels between two labels

// `x` of an eigenvalue, `place` of a place on the axis, and back from a pixel to an eigenvalue.
export function eigenvalueAxis({ domain, state }, range) {
  const place = linearScale(domain, range);
  return {
    place,
    range,
    x: (value) => place(toAxis(value, state.scale)),
    invert: (pixel) => fromAxis(place.invert(pixel), state.scale),
    domain: domain.map((end) => fromAxis(end, state.scale)),
  };
}

function powers(low, high) {
  const found = [0];
  for (let size = UNIT; size <= Math.max(-low, high); size *= 10) found.push(size, -size);
  return found.filter((tick) => tick >= low && tick <= high);
}

function label(tick, scale) {
  if (tick === 0 || scale === "linear") return formatNumber(tick);
  return `${tick < 0 ? "−" : ""}${Math.abs(tick) >= 0.99 ? formatNumber(Math.abs(tick)) : formatPower(Math.abs(tick))}`;
}

// Lines at the ticks, and labels where there is room, zero first and the large ones next.
export function paintAxis(context, axis, [top, bottom], { state }, colours) {
  const [low, high] = axis.domain;
  const ticks = state.scale === "linear" ? linearTicks([low, high], 5) : powers(low, high);
  const taken = [];
  for (const tick of ticks.toSorted((a, b) => (a && b ? Math.abs(b) - Math.abs(a) : Math.abs(a) - Math.abs(b)))) {
    const x = axis.x(tick);
    segment(context, [x, top], [x, bottom], { colour: tick ? colours.grid : colours.line, width: tick ? 1 : 1.5 });
    if (taken.some((other) => Math.abs(other - x) < ROOM)) continue;
    taken.push(x);
    const style = { colour: colours.muted, font: colours.font, align: "center" };
    write(context, label(tick, state.scale), x, bottom + 14, style);
  }
}
