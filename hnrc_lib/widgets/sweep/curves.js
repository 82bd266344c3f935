// A measure of the chosen runs by step: the mean thick, the spread behind it, and others thin.
import { polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber, formatPower } from "../shared/format.js";
import { linearScale, logScale } from "../shared/scale.js";
import { LEAST_LOSS } from "./sweep.js";

const MARGIN = { left: 38, right: 10, top: 8, bottom: 20 };

function heights(name, [low, high], rows) {
  if (name === "error") return linearScale([0, Math.max(high * 1.05, 1e-3)], rows);
  return logScale([Math.max(low, LEAST_LOSS) / 1.2, Math.max(high, 2 * LEAST_LOSS) * 1.2], rows);
}

function paintAxes(context, x, y, name, colours) {
  const style = { colour: colours.muted, font: colours.font };
  for (const tick of y.ticks(4)) {
    const label = name === "error" ? `${formatNumber(100 * tick)} %` : formatPower(tick);
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour: colours.grid });
    write(context, label, x.range[0] - 5, y(tick), { ...style, align: "right", baseline: "middle" });
  }
  for (const tick of x.ticks(5)) write(context, formatNumber(tick), x(tick), y.range[0] + 14, { ...style, align: "center" });
}

// Pixels of the steps at which some run was left.
function pixels(values, steps, x, y) {
  const kept = [...values.keys()].filter((k) => !Number.isNaN(values[k]));
  return kept.map((k) => [x(steps[k]), y(Math.max(values[k], y.domain[0]))]);
}

function paintSpread(context, { low, high }, steps, x, y, colours) {
  const rim = [...pixels(low, steps, x, y), ...pixels(high, steps, x, y).reverse()];
  if (!rim.length) return;
  context.beginPath();
  rim.forEach((point, k) => (k ? context.lineTo(...point) : context.moveTo(...point)));
  context.globalAlpha = 0.2;
  context.fillStyle = colours.first;
  context.fill();
  context.globalAlpha = 1;
}

// `name` is loss, error or norm; norms are those of every step, before clipping.
export function drawCurve(stage, name, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { sweep, cell, pinned, hovered, neighbours } = scene;
  const steps = name === "norm" ? cell.norm.mean.map((_, k) => k + 1) : sweep.steps;
  const x = linearScale([0, sweep.steps.at(-1)], [MARGIN.left, box.width - MARGIN.right]);
  const y = heights(name, sweep.reaches[name], [box.height - MARGIN.bottom, MARGIN.top]);
  paintAxes(context, x, y, name, colours);
  const line = (other, style) => polyline(context, pixels(other[name].mean, steps, x, y), style);
  for (const other of neighbours) line(other, { colour: colours.line, width: 1 });
  paintSpread(context, cell[name], steps, x, y, colours);
  if (pinned && pinned !== cell) line(pinned, { colour: colours.second, width: 1.5 });
  if (hovered) line(hovered, { colour: colours.path, width: 1.5, dash: [4, 3] });
  line(cell, { colour: colours.first, width: 2.5 });
  const threshold = sweep.axes[2][cell.at[2]];
  if (name === "norm" && threshold > y.domain[0] && threshold < y.domain[1])
    segment(context, [x.range[0], y(threshold)], [x.range[1], y(threshold)], { colour: colours.muted, dash: [3, 3] });
}
