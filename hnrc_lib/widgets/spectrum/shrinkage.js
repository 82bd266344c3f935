// What λ leaves of Newton's step along each eigenvalue: a curve with its pole at −λ, a dot for each bin.
import { dot, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { clamp, linearScale } from "../shared/scale.js";
import { eigenvalueAxis, paintAxis } from "./axis.js";
import { fromAxis, shrinkage } from "./density.js";

const MARGIN = { left: 34, right: 10, top: 8, bottom: 20 };
const HEIGHTS = [-2, 2];
const TICKS = [-2, -1, 0, 0.5, 1, 2];
const STEPS = 240;

// The curve in two parts, left and right of the pole, cut off beyond the picture.
function branches({ state, domain }, axis, y) {
  const parts = [[], []];
  for (let k = 0; k <= STEPS; k++) {
    const place = domain[0] + ((domain[1] - domain[0]) * k) / STEPS;
    const value = fromAxis(place, state.scale);
    const factor = shrinkage(value, state.damping);
    if (Number.isNaN(factor)) continue;
    parts[value + state.damping > 0 ? 1 : 0].push([axis.place(place), y(clamp(factor, -9, 9))]);
  }
  return parts;
}

export function drawShrinkage(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const rows = [MARGIN.top, box.height - MARGIN.bottom];
  const axis = eigenvalueAxis(scene, [MARGIN.left, box.width - MARGIN.right]);
  const y = linearScale(HEIGHTS, [rows[1], rows[0]]);
  paintAxis(context, axis, rows, scene, colours);
  const style = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
  for (const tick of TICKS) {
    const colour = tick === 0 ? colours.line : colours.grid;
    segment(context, [axis.range[0], y(tick)], [axis.range[1], y(tick)], { colour, dash: tick === 0.5 ? [4, 4] : [] });
    write(context, tick === 0.5 ? "½" : formatNumber(tick), axis.range[0] - 5, y(tick), style);
  }
  context.save();
  context.beginPath();
  context.rect(axis.range[0], rows[0] - 6, axis.range[1] - axis.range[0] + 6, rows[1] - rows[0] + 12);
  context.clip();
  for (const part of branches(scene, axis, y)) polyline(context, part, { colour: colours.muted });
  for (const { mean, share, factor } of scene.bins) {
    const outside = !(Math.abs(factor) <= HEIGHTS[1]);
    const at = [axis.x(mean), y(clamp(Number.isNaN(factor) ? 9 : factor, ...HEIGHTS))];
    const colour = mean < 0 ? colours.path : colours.first;
    const radius = 2.5 + 14 * Math.sqrt(share) * 0.5;
    dot(context, at, radius, outside ? { fill: colours.page, stroke: colour } : { fill: colour, stroke: colours.page });
  }
  context.restore();
}
