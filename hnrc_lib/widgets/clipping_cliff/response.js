// Step length against gradient norm, both logarithmic: the rule as a curve, the step shown as a point on it.
import { dot, polyline, segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatPower } from "../shared/format.js";
import { clamp, logScale } from "../shared/scale.js";
import { lengthAt, settingOf, THROWN } from "./rules.js";

const MARGIN = { left: 34, right: 12, top: 6, bottom: 18 };
export const NORMS = [1e-3, 1e3];
export const LENGTHS = [1e-4, 1e2];
const PIECES = 120;

// The rule's curve along the direction of a gradient: [norm, length].
export function responseCurve(state, gradient) {
  const span = Math.log10(NORMS[1] / NORMS[0]);
  return Array.from({ length: PIECES + 1 }, (_, i) => {
    const norm = NORMS[0] * 10 ** ((span * i) / PIECES);
    return [norm, lengthAt(state, gradient, norm)];
  });
}

// The gradient norm where the rule begins to bend, and what it is called; null without clipping.
export function bend({ rule, threshold, damping }) {
  const setting = settingOf(rule);
  if (!setting) return null;
  return setting === "threshold" ? { norm: threshold, name: "c" } : { norm: Math.sqrt(damping), name: "√λ" };
}

function paintAxes(context, x, y, colours) {
  const style = { colour: colours.muted, font: colours.font };
  context.fillStyle = colours.veil;
  context.fillRect(x.range[0], y.range[1], x.range[1] - x.range[0], y(THROWN) - y.range[1]);
  const rows = [y.range[1], y.range[0]];
  for (const tick of x.ticks(7))
    verticalTick(context, x, tick, rows, colours, { label: formatPower(tick) });
  for (const tick of y.ticks(4)) {
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour: colours.grid });
    const beside = { ...style, align: "right", baseline: "middle" };
    write(context, formatPower(tick), x.range[0] - 6, y(tick), beside);
  }
  write(context, "thrown", x.range[0] + 6, y(THROWN) - 5, style);
}

export function drawResponse(stage, { state, gradient, norm, length }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = logScale(NORMS, [MARGIN.left, box.width - MARGIN.right]);
  const y = logScale(LENGTHS, [box.height - MARGIN.bottom, MARGIN.top]);
  paintAxes(context, x, y, colours);
  const at = bend(state);
  context.save();
  context.beginPath();
  context.rect(x.range[0], y.range[1], x.range[1] - x.range[0], y.range[0] - y.range[1]);
  context.clip();
  const pixels = (curve) => curve.map(([n, l]) => [x(n), y(Math.max(l, 1e-12))]);
  const plain = pixels(responseCurve({ ...state, rule: "none" }, gradient));
  polyline(context, plain, { colour: colours.plain, width: 1.5, dash: [4, 3] });
  if (at) {
    const line = [0, 1].map((i) => [x(at.norm), y.range[i]]);
    segment(context, ...line, { colour: colours.muted, dash: [2, 3] });
  }
  polyline(context, pixels(responseCurve(state, gradient)), { colour: colours.path, width: 2 });
  context.restore();
  if (at && x(at.norm) > x.range[0] && x(at.norm) < x.range[1]) {
    const style = { colour: colours.muted, font: colours.font, halo: colours.halo };
    write(context, at.name, x(at.norm) + 4, y.range[0] - 5, style);
  }
  paintPoint(context, [x, y], [norm, length], colours);
}

// Full where it lies, hollow at the edge when it lies beyond.
function paintPoint(context, scales, values, colours) {
  const pixel = values.map((value, i) => {
    const [low, high] = scales[i].domain;
    return scales[i](clamp(value, low, high));
  });
  const shown = values.every((value, i) => value >= scales[i].domain[0] && value <= scales[i].domain[1]);
  const [fill, stroke] = shown ? [colours.path, colours.halo] : [colours.page, colours.path];
  dot(context, pixel, 6, { fill, stroke, width: 2 });
}
