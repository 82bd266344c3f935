// The plane of w and b: level lines of the loss, the path by the rule, and, faint, the path without clipping.
import { arrow, dot, polyline, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { linearScale } from "../shared/scale.js";
import { isInside, TARGET, toEdge, WINDOW } from "./cliff.js";
import { LEVELS, levelCurves, levelOutputs } from "./levels.js";

const MARGIN = { left: 30, right: 8, top: 8, bottom: 22 };
const PIECES = 48;
const ARROW = 34; // pixels of the arrow along −g

export function planeScales({ width, height }) {
  return {
    x: linearScale(WINDOW[0], [MARGIN.left, width - MARGIN.right]),
    y: linearScale(WINDOW[1], [height - MARGIN.bottom, MARGIN.top]),
  };
}

function frame(context, { x, y }) {
  context.beginPath();
  context.roundRect(x.range[0], y.range[1], x.range[1] - x.range[0], y.range[0] - y.range[1], 4);
}

let kept = null;

// The level lines depend on nothing a reader can change: found once for all widgets of a page.
function survey() {
  const outputs = levelOutputs();
  kept ??= { outputs, curves: levelCurves(outputs, PIECES) };
  return kept;
}

// 1 in the valley, falling to 0 at the highest level, by the logarithm of the loss.
function depth(loss) {
  const [high, low] = [Math.log(LEVELS[0]), Math.log(LEVELS.at(-1))];
  return Math.min(1, Math.max(0, (high - Math.log(loss)) / (high - low)));
}

// A level's lines meet where σ(x_T) jumps: that is the cliff.
function paintSurface(context, scales, colours) {
  const { x, y } = scales;
  const { outputs, curves } = survey();
  context.save();
  frame(context, scales);
  context.clip();
  const lines = curves.map((curve) => curve.map(([w, b]) => [x(w), y(b)]));
  const trace = (points) => points.forEach((point) => context.lineTo(...point));
  context.fillStyle = colours.basin;
  outputs.forEach((output, i) => {
    const upper = lines[i + 1] ?? x.range.map((pixel) => [pixel, y.range[1]]);
    context.globalAlpha = depth((((outputs[i + 1] ?? 1) + output) / 2 - TARGET) ** 2);
    context.beginPath();
    trace(lines[i]);
    trace([...upper].reverse());
    context.fill();
  });
  context.globalAlpha = 1;
  for (const line of lines) polyline(context, line, { colour: colours.level, width: 0.9 });
  context.restore();
}

function paintAxes(context, scales, { grid, muted, font }) {
  const { x, y } = scales;
  const below = { colour: muted, font, align: "center" };
  for (const tick of x.ticks(5))
    write(context, tick === 5 ? "w = 5" : formatNumber(tick), x(tick), y.range[0] + 14, below);
  const beside = { colour: muted, font, align: "right", baseline: "middle" };
  for (const tick of y.ticks(5)) write(context, formatNumber(tick), x.range[0] - 6, y(tick), beside);
  write(context, "b", x.range[0] - 6, y(-0.5), beside);
  frame(context, scales);
  Object.assign(context, { strokeStyle: grid, lineWidth: 1 });
  context.stroke();
}

// The points of a run as far as they can be drawn, and whether the last one is on the edge.
export function drawnPoints({ points, left }) {
  if (!left) return points;
  return [...points.slice(0, -1), toEdge(points.at(-2), points.at(-1))];
}

// A path's end at the plane's edge: a head that points outwards.
function paintExit(context, toPixels, run, style) {
  if (!run.left) return;
  const [from, to] = drawnPoints(run).slice(-2).map(toPixels);
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (!(length > 0)) return;
  const share = Math.min(16, length) / length;
  arrow(
    context,
    from.map((x, i) => to[i] - share * (to[i] - x)),
    to,
    style,
  );
}

function paintPath(context, toPixels, run, k, colours) {
  const pixels = drawnPoints(run).map(toPixels);
  polyline(context, pixels, { colour: colours.halo, width: 4.5 });
  polyline(context, pixels, { colour: colours.path, width: 2 });
  const radius = pixels.length > 60 ? 2 : 3;
  const mark = { fill: colours.path, stroke: colours.halo, width: 1 };
  const inside = run.left ? pixels.slice(1, -1) : pixels.slice(1);
  for (const pixel of inside) dot(context, pixel, radius, mark);
  paintExit(context, toPixels, run, { colour: colours.path, width: 3 });
  if (k > 1) dot(context, pixels[k - 1], 5.5, { fill: colours.page, stroke: colours.path, width: 2.5 });
}

function paintPlain(context, toPixels, run, { colour }) {
  polyline(context, drawnPoints(run).map(toPixels), { colour, width: 1.5, dash: [4, 3] });
  for (const point of run.points.filter(isInside)) dot(context, toPixels(point), 2, { fill: colour });
  paintExit(context, toPixels, run, { colour, width: 2.5 });
}

// Where the gradient alone would lead from the step shown; its length says nothing.
function paintGradient(context, toPixels, { point, gradient, norm }, colours) {
  if (!(norm > 0)) return;
  const from = toPixels(point);
  const to = [from[0] - (gradient[0] / norm) * ARROW, from[1] + (gradient[1] / norm) * ARROW];
  arrow(context, from, to, { colour: colours.gradient, width: 2.5 });
}

// Everything on the plane that the reader can change.
export function drawPlane(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const scales = planeScales(box);
  const toPixels = (point) => [scales.x(point[0]), scales.y(point[1])];
  context.save();
  frame(context, scales);
  context.clip();
  if (scene.plain) paintPlain(context, toPixels, scene.plain, { colour: colours.plain });
  paintPath(context, toPixels, scene.run, scene.k, colours);
  paintGradient(context, toPixels, scene, colours);
  context.restore();
}

// What nobody can change, beneath it.
export function drawUnderlay(stage, colours) {
  if (!beginDrawing(stage)) return;
  const scales = planeScales(stage.box);
  paintSurface(stage.context, scales, colours);
  paintAxes(stage.context, scales, colours);
}
