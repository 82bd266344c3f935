// Three views beside the plane: the minimum against λ, the steps against 0, and the eigenvalues that λ moves.
import { arrow, dot, polyline, segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { clamp, linearScale } from "../shared/scale.js";
import { LARGEST_STRENGTH } from "./quadratic.js";
import { NUM_STEPS } from "./runs.js";

const SIDES = { left: 38, right: 12 };
const NAMES = ["θ₁", "θ₂"];
const LONGEST = 1 + LARGEST_STRENGTH;

function across({ width }, domain) {
  return linearScale(domain, [SIDES.left, width - SIDES.right]);
}

// [least, greatest] of the numbers and 0, with some room.
function span(numbers) {
  const [low, high] = [Math.min(0, ...numbers), Math.max(0, ...numbers)];
  const room = 0.08 * (high - low) + 0.04;
  return [low - room, high + room];
}

function paintHeights(context, x, y, count, colours) {
  const style = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
  for (const tick of y.ticks(count)) {
    const line = { colour: tick === 0 ? colours.muted : colours.grid, width: tick === 0 ? 1.25 : 1 };
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], line);
    write(context, formatNumber(tick), x.range[0] - 6, y(tick), style);
  }
}

function clipTo(context, x, y) {
  context.beginPath();
  context.rect(x.range[0], y.range[1] - 3, x.range[1] - x.range[0] + 4, y.range[0] - y.range[1] + 6);
  context.clip();
}

// Both coordinates of the minimum against λ: solid θ₁, dashed θ₂; a ring where one becomes exactly 0.
export function drawPath(stage, { state, path, minimiser, zeros }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = across(box, [0, LARGEST_STRENGTH]);
  const y = linearScale(span(path.flatMap(([, ...theta]) => theta)), [box.height - 20, 6]);
  for (const tick of x.ticks(5))
    verticalTick(context, x, tick, [y.range[1], y.range[0]], colours, { label: formatNumber(tick) });
  paintHeights(context, x, y, 3, colours);
  const now = { colour: colours.region, width: 1.5, dash: [3, 3] };
  segment(context, [x(state.strength), y.range[1]], [x(state.strength), y.range[0]], now);
  NAMES.forEach((name, i) => {
    const points = path.map(([strength, ...theta]) => [x(strength), y(theta[i])]);
    polyline(context, points, { colour: colours.first, width: 2, dash: i ? [6, 4] : [] });
    write(context, name, x(0) + 5, y(path[0][1 + i]) - 4, {
      ...{ colour: colours.first, font: colours.font, halo: colours.halo, weight: "600" },
    });
    dot(context, [x(state.strength), y(minimiser[i])], 4.5, { fill: colours.first, stroke: colours.page });
  });
  for (const zero of zeros) dot(context, [x(zero), y(0)], 5, { stroke: colours.first, width: 2 });
}

// One coordinate of the runs against the step; the dashed line is where the minimum has it.
function paintStrip(context, x, y, i, { runs, minimiser }, colours) {
  paintHeights(context, x, y, 3, colours);
  context.save();
  clipTo(context, x, y);
  const [left, right] = x.range;
  const line = { colour: colours.first, width: 1.5, dash: [5, 4] };
  segment(context, [left, y(minimiser[i])], [right, y(minimiser[i])], line);
  for (const [method, { points }] of Object.entries(runs)) {
    const pixels = points.map((theta, k) => [x(k), y(clamp(theta[i], ...y.domain.map((end) => 3 * end)))]);
    polyline(context, pixels, { colour: colours[method], width: 1.75 });
  }
  context.restore();
  const style = { colour: colours.ink, font: colours.font, weight: "600", halo: colours.halo, align: "right" };
  write(context, NAMES[i], right - 2, y.range[1] + 11, style);
}

export function drawSteps(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = across(box, [0, NUM_STEPS]);
  const half = (box.height - 20) / 2;
  for (const tick of x.ticks(5))
    verticalTick(context, x, tick, [6, box.height - 20], colours, { label: formatNumber(tick) });
  const runs = Object.values(scene.runs);
  NAMES.forEach((_, i) => {
    const found = runs.flatMap(({ points }) => points.map((theta) => clamp(theta[i], -2, 2)));
    const y = linearScale(span([...found, scene.minimiser[i]]), [half * (i + 1) - (i ? 0 : 6), half * i + 6]);
    paintStrip(context, x, y, i, scene, colours);
  });
}

// Hollow circle h, arrow of length λ where the decay enters the Hessian, full circle what is divided by.
export function drawEigenvalues(stage, { eigenvalues: { bare, shifted } }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = across(box, [0, LONGEST]);
  const rows = [2, box.height - 20];
  for (const tick of x.ticks(6)) verticalTick(context, x, tick, rows, colours, { label: formatNumber(tick) });
  bare.forEach((h, i) => {
    const y = rows[0] + ((rows[1] - rows[0]) * (i + 0.5)) / 2;
    const colour = [colours.first, colours.second][i];
    arrow(context, [x(h), y], [x(shifted[i]) - 3, y], { colour, width: 2 });
    dot(context, [x(h), y], 4.5, { fill: colours.page, stroke: colour, width: 2 });
    if (shifted[i] !== h) dot(context, [x(shifted[i]), y], 5, { fill: colour, stroke: colours.halo });
    const numbers = shifted[i] === h ? [h] : [h, shifted[i]];
    const text = { colour, font: colours.font, baseline: "middle", halo: colours.halo };
    write(context, numbers.map((value) => formatNumber(value)).join(" → "), x(shifted[i]) + 10, y, text);
    write(context, ["h₁", "h₂"][i], x.range[0] - 6, y, { ...text, align: "right", weight: "600" });
  });
}
