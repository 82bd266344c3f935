// The plane of gradients and steps: the unit circle, its images by the two inverses, −g and the two steps.
import { arrow, dot, fillHatched, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { clamp, linearScale } from "../shared/scale.js";
import { WINDOW } from "./map.js";

const MARGIN = 4;
export const RING = 3; // radius on which e₁'s handle turns

export function planeScales({ width, height }) {
  return {
    x: linearScale([-WINDOW, WINDOW], [MARGIN, width - MARGIN]),
    y: linearScale([-WINDOW, WINDOW], [height - MARGIN, MARGIN]),
  };
}

export function pixelsOf({ x, y }) {
  return (point) => [x(point[0]), y(point[1])];
}

const CIRCLE = Array.from({ length: 121 }, (_, k) => [
  Math.cos((k * Math.PI) / 60),
  Math.sin((k * Math.PI) / 60),
]);

// Image of the unit circle by the map with these eigenvalues and eigenvectors.
export function imageOfCircle(scales, [first, second]) {
  return CIRCLE.map(([a, b]) =>
    [0, 1].map((i) => a * scales[0] * first[i] + b * scales[1] * second[i]),
  );
}

function times(vector, factor) {
  return vector.map((x) => factor * x);
}

function paintAxes(pen, { vectors }) {
  const { context, colours, toPixels, scales } = pen;
  for (const tick of [-3, -2, -1, 0, 1, 2, 3]) {
    const colour = tick === 0 ? colours.line : colours.grid;
    segment(context, toPixels([tick, -WINDOW]), toPixels([tick, WINDOW]), { colour, width: 0.75 });
    segment(context, toPixels([-WINDOW, tick]), toPixels([WINDOW, tick]), { colour, width: 0.75 });
    if (tick === 0) continue;
    const text = { colour: colours.muted, font: colours.font, align: "center", size: 10 };
    write(context, formatNumber(tick), scales.x(tick), scales.y.range[0] - 4, text);
  }
  for (const vector of vectors) {
    const dash = { colour: colours.muted, width: 1, dash: [1, 4] };
    segment(context, toPixels(times(vector, -RING)), toPixels(times(vector, RING)), dash);
  }
  polyline(context, CIRCLE.map(toPixels), { colour: colours.ink, width: 1.25 });
}

// A label at a point, kept inside the plane and readable on any line.
function label(pen, text, at, colour) {
  const { context, colours, toPixels, box } = pen;
  Object.assign(context, { font: `600 11px ${colours.font}` });
  const half = context.measureText(text).width / 2 + 4;
  const [x, y] = toPixels(at);
  const place = [clamp(x, half, box.width - half), clamp(y, 14, box.height - 10)];
  const style = { colour, font: colours.font, align: "center", baseline: "middle", weight: "600" };
  write(context, text, ...place, { ...style, halo: colours.halo });
}

// Where the ellipse opens to a strip, its two edges.
function paintStrip(pen, { vectors, damped }) {
  const { context, colours, toPixels } = pen;
  const open = damped.scales.indexOf(null);
  const [across, width] = [vectors[1 - open], damped.scales[1 - open]];
  if (width === null) return; // H + λI = 0: nothing is left to draw
  for (const side of [width, -width]) {
    const ends = [-9, 9].map((t) => vectors[open].map((x, i) => t * x + side * across[i]));
    segment(context, toPixels(ends[0]), toPixels(ends[1]), { colour: colours.first, width: 2, dash: [6, 4] });
  }
}

function paintDamped(pen, { vectors, damped }) {
  const { context, colours, toPixels } = pen;
  if (damped.kind === "singular") return paintStrip(pen, { vectors, damped });
  const ellipse = imageOfCircle(damped.scales, vectors).map(toPixels);
  context.beginPath();
  ellipse.forEach((pixel, k) => (k ? context.lineTo(...pixel) : context.moveTo(...pixel)));
  context.fillStyle = colours.wash;
  if (damped.kind === "positive definite") context.fill();
  else fillHatched(context, colours);
  polyline(context, ellipse, { colour: colours.first, width: 2 });
}

// The rank-one part is all that tells this ellipse from the circle of radius 1/λ: a change along Hg alone.
function paintRankOne(pen, { rankOne }) {
  const { context, colours, toPixels } = pen;
  if (rankOne.scales === null) return;
  const [along, across] = rankOne.scales;
  const colour = colours.second;
  const round = CIRCLE.map((point) => toPixels(times(point, across)));
  polyline(context, round, { colour, width: 1, dash: [2, 3] });
  const { direction } = rankOne;
  if (direction === null) return;
  const ellipse = imageOfCircle([along, across], [direction, [-direction[1], direction[0]]]);
  const dash = rankOne.kind === "positive definite" ? [] : [6, 4];
  polyline(context, ellipse.map(toPixels), { colour, width: 2, dash });
  for (const side of [1, -1]) {
    const ends = [across, along].map((length) => toPixels(times(direction, side * length)));
    arrow(context, ...ends, { colour, width: 1.25 });
  }
}

// e₁ and e₂ on the circle, hollow, and where the inverse takes them, full: a negative scale turns them round.
function paintSemiAxes(pen, { vectors, damped }) {
  const { context, colours, toPixels } = pen;
  vectors.forEach((vector, i) => {
    dot(context, toPixels(vector), 4, { fill: colours.page, stroke: colours.first, width: 1.75 });
    const scale = damped.scales[i];
    if (scale === null) return;
    const end = times(vector, scale);
    segment(context, toPixels([0, 0]), toPixels(end), { colour: colours.first, width: 1.25 });
    dot(context, toPixels(end), 4.5, { fill: scale > 0 ? colours.first : colours.bad, stroke: colours.halo });
  });
}

function paintSemiAxisLabels(pen, { vectors, damped }, { gradient }) {
  const { colours } = pen;
  vectors.forEach((vector, i) => {
    const name = ["₁", "₂"][i];
    const scale = damped.scales[i];
    const size = scale === null ? WINDOW : Math.abs(scale);
    // on the side that −g leaves free
    const side = vector[0] * gradient[0] + vector[1] * gradient[1] >= 0 ? 1 : -1;
    const value = scale === null ? "∞" : formatNumber(scale);
    const colour = scale === null || scale < 0 ? colours.bad : colours.first;
    const reach = clamp(size + 0.3, 0.55, WINDOW - 0.55);
    label(pen, `1/(h${name} + λ) = ${value}`, times(vector, side * reach), colour);
    label(pen, `e${name}`, times(vector, i === 0 ? RING - 0.4 : RING), colours.muted);
  });
}

function paintSteps(pen, { damped, rankOne }, { gradient }) {
  const { context, colours, toPixels } = pen;
  const centre = toPixels([0, 0]);
  const descent = gradient.map((x) => -x);
  arrow(context, centre, toPixels(descent), { colour: colours.path, width: 2.5 });
  for (const [step, colour] of [
    [rankOne.step, colours.second],
    [damped.step, colours.first],
  ]) {
    if (step === null) continue;
    arrow(context, centre, toPixels(step), { colour: colours.halo, width: 5 });
    arrow(context, centre, toPixels(step), { colour, width: 3 });
  }
  if (Math.hypot(...gradient) < 0.2) return;
  const outward = 1 + 0.36 / Math.hypot(...gradient);
  label(pen, "−g", times(descent, outward), colours.path);
}

export function drawPlane(stage, state, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const scales = planeScales(box);
  const pen = { context, box, colours, scales, toPixels: pixelsOf(scales) };
  context.save();
  context.beginPath();
  context.roundRect(1, 1, box.width - 2, box.height - 2, 4);
  context.clip();
  paintAxes(pen, scene);
  paintDamped(pen, scene);
  paintRankOne(pen, scene);
  paintSemiAxes(pen, scene);
  paintSteps(pen, scene, state);
  paintSemiAxisLabels(pen, scene, state);
  context.restore();
  context.beginPath();
  context.roundRect(0.5, 0.5, box.width - 1, box.height - 1, 4);
  Object.assign(context, { strokeStyle: colours.grid, lineWidth: 1 });
  context.stroke();
}
