// The plane of parameters: the loss about θ*, the path of the minimum as λ grows, the region that holds it, the steps.
import { dot, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { linearScale } from "../shared/scale.js";
import { bareLoss, directions, pathOf } from "./quadratic.js";

export const WINDOW = 2.7; // half the side of the plane
export const REACH = 0.35; // from θ* to the ellipse that the shape's handle lies on, across the flat direction
const MARGIN = { left: 26, right: 6, top: 6, bottom: 20 };
const RINGS = [0.8, 1.3, 1.9, 2.6, 3.5, 4.6]; // as REACH, of the faint level curves
const TICKS = [-2, -1, 0, 1, 2];
const SIDES = 96; // of a drawn ellipse
const MANY = 1e4; // steps further out than this are not drawn

const TURN = Array.from({ length: SIDES + 1 }, (_, k) => (2 * Math.PI * k) / SIDES);
const CORNERS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
  [1, 0],
];

export function planeScales({ width, height }) {
  const domain = [-WINDOW, WINDOW];
  return {
    x: linearScale(domain, [MARGIN.left, width - MARGIN.right]),
    y: linearScale(domain, [height - MARGIN.bottom, MARGIN.top]),
  };
}

// Where √κ and the angle put the shape's handle.
export function shapeTip({ optimum, ratio, angle }) {
  const [flat] = directions({ angle });
  return optimum.map((x, i) => x + REACH * Math.sqrt(ratio) * flat[i]);
}

// The points with (θ − centre)ᵀH(θ − centre) = size².
function ellipse(state, centre, size) {
  const [flat, steep] = directions(state);
  const long = size * Math.sqrt(state.ratio);
  return TURN.map((t) => centre.map((x, i) => x + long * Math.cos(t) * flat[i] + size * Math.sin(t) * steep[i]));
}

// The border of the region of equivalent constraint.
function border(state, { kind, radius }) {
  if (kind === "ellipse") return ellipse(state, [0, 0], radius);
  const unit = kind === "diamond" ? CORNERS : TURN.map((t) => [Math.cos(t), Math.sin(t)]);
  return unit.map((point) => point.map((x) => radius * x));
}

function paintAxes({ context, colours, scales: { x, y } }) {
  const style = { colour: colours.muted, font: colours.font };
  for (const tick of TICKS) {
    const line = { colour: tick === 0 ? colours.muted : colours.grid, width: tick === 0 ? 1.25 : 0.75 };
    segment(context, [x(tick), y.range[0]], [x(tick), y.range[1]], line);
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], line);
    write(context, formatNumber(tick), x(tick), y.range[0] + 14, { ...style, align: "center" });
    const beside = { ...style, align: "right", baseline: "middle" };
    write(context, formatNumber(tick), x.range[0] - 6, y(tick), beside);
  }
  write(context, "θ₁", x.range[1] - 4, y(0) - 6, { ...style, align: "right" });
  write(context, "θ₂", x(0) + 6, y.range[1] + 12, style);
}

function paintLoss({ context, colours, toPixels }, { state, minimiser }) {
  const draw = (size, style) => polyline(context, ellipse(state, state.optimum, size).map(toPixels), style);
  for (const size of RINGS) draw(size, { colour: colours.level, width: 0.9 });
  draw(REACH, { colour: colours.muted, dash: [2, 3] });
  segment(context, toPixels(state.optimum), toPixels(shapeTip(state)), { colour: colours.muted, dash: [2, 3] });
  draw(Math.sqrt(2 * bareLoss(state, minimiser)), { colour: colours.ink, width: 1.5 });
}

function paintRegion({ context, colours, toPixels }, { state, region }) {
  const pixels = border(state, region).map(toPixels);
  context.beginPath();
  pixels.forEach((pixel, k) => (k ? context.lineTo(...pixel) : context.moveTo(...pixel)));
  context.fillStyle = colours.zone;
  context.fill();
  polyline(context, pixels, { colour: colours.region, width: 1.75 });
}

// The path up to the present λ strong, the rest of it faint; for decoupled decay L2's path dashed beside it.
function paintPath({ context, colours, toPixels }, { state, path, minimiser }) {
  const pixels = (points) => points.map(([, ...theta]) => toPixels(theta));
  if (state.penalty === "decoupled") {
    const other = pathOf({ ...state, penalty: "l2" });
    polyline(context, pixels(other), { colour: colours.muted, width: 1.5, dash: [5, 4] });
  }
  context.save();
  context.globalAlpha = 0.4;
  polyline(context, pixels(path), { colour: colours.first, width: 2 });
  context.restore();
  const past = path.filter(([strength]) => strength < state.strength);
  const walked = [...pixels(past), toPixels(minimiser)];
  polyline(context, walked, { colour: colours.first, width: 3.5 });
}

function paintRun({ context, colours, toPixels }, { points }, colour) {
  const inside = points.filter((theta) => Math.max(...theta.map(Math.abs)) < MANY).map(toPixels);
  polyline(context, inside, { colour, width: 1.25 });
  for (const pixel of inside.slice(1)) dot(context, pixel, 2.25, { fill: colour, stroke: colours.halo, width: 0.75 });
}

function paintMarks({ context, colours, toPixels }, { minimiser, state }) {
  dot(context, toPixels(minimiser), 6, { fill: colours.first, stroke: colours.page, width: 2 });
  const [x, y] = toPixels(state.optimum);
  const style = { colour: colours.ink, font: colours.font, size: 12, halo: colours.halo };
  write(context, "θ*", x + 12, y - 10, style);
}

export function drawPlane(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const scales = planeScales(box);
  const { x, y } = scales;
  const pen = { context, colours, scales, toPixels: (theta) => [x(theta[0]), y(theta[1])] };
  paintAxes(pen);
  context.save();
  context.beginPath();
  context.rect(x.range[0], y.range[1], x.range[1] - x.range[0], y.range[0] - y.range[1]);
  context.clip();
  paintLoss(pen, scene);
  paintRegion(pen, scene);
  paintPath(pen, scene);
  for (const [method, run] of Object.entries(scene.runs)) paintRun(pen, run, colours[method]);
  paintMarks(pen, scene);
  context.restore();
}
