// The parameter plane: level sets, where H + λI is not positive definite, the path, one step along the eigenvectors.
import { arrow, dot, fillHatched, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { sampleGrids, shadeGrid, traceBelow } from "../shared/grid.js";
import { linearScale } from "../shared/scale.js";
import { parseColour } from "../shared/theme.js";
import { levelCurves } from "./levels.js";
import { evaluate, eigen, minimisers, WINDOW } from "./surfaces.js";

const MARGIN = { left: 26, right: 8, top: 8, bottom: 22 };
// points of the grid along each axis: the valley is narrow
const SAMPLES = { quadratic: 51, saddle: 71, rosenbrock: 101 };
const LEVELS = Array.from({ length: 14 }, (_, k) => 0.02 * 2.5 ** k);
const FAINT_FROM = 60;

export function planeScales({ width, height }) {
  return {
    x: linearScale(WINDOW[0], [MARGIN.left, width - MARGIN.right]),
    y: linearScale(WINDOW[1], [height - MARGIN.bottom, MARGIN.top]),
  };
}

function pixelsOf({ x, y }) {
  return (point) => [x(point[0]), y(point[1])];
}

function gridToPixels({ x, y }, { columns, rows }) {
  const [width, height] = [x.range[1] - x.range[0], y.range[1] - y.range[0]];
  return (i, j) => [x.range[0] + (i / (columns - 1)) * width, y.range[0] + (j / (rows - 1)) * height];
}

function frame(context, { x, y }) {
  context.beginPath();
  context.roundRect(x.range[0], y.range[1], x.range[1] - x.range[0], y.range[0] - y.range[1], 4);
}

// What depends on the surface alone; λ and the path are drawn over it.
export function surveySurface(state) {
  const sample = (point) => {
    const { loss, hessian } = evaluate(state, point);
    return [loss, eigen(hessian).values[1]];
  };
  const samples = SAMPLES[state.surface];
  const [height, lowest] = sampleGrids(sample, 2, ...WINDOW, samples, samples);
  return { height, lowest };
}

// 1 at a minimum, falling to 0 where the surface fades into the page.
function depth(loss) {
  return Math.max(0, 1 - Math.log1p(loss / 0.02) / Math.log1p(FAINT_FROM / 0.02));
}

// Surface and axes; drawn again when the surface, the size or the colours change.
function paintSurface(context, scales, { state, survey }, colours) {
  const { x, y } = scales;
  const toPixels = pixelsOf(scales);
  context.save();
  frame(context, scales);
  context.clip();
  const shade = shadeGrid(survey.height, parseColour(colours.basin), depth);
  context.drawImage(shade, x.range[0], y.range[1], x.range[1] - x.range[0], y.range[0] - y.range[1]);
  Object.assign(context, { strokeStyle: colours.level, lineWidth: 0.9 });
  for (const level of LEVELS) {
    context.globalAlpha = 0.35 + 0.65 * depth(level);
    context.beginPath();
    for (const curve of levelCurves(state, level)) {
      curve.forEach((point, k) =>
        k ? context.lineTo(...toPixels(point)) : context.moveTo(...toPixels(point)),
      );
      context.closePath();
    }
    context.stroke();
  }
  context.restore();
}

function paintAxes(context, scales, { grid, muted, font }) {
  const { x, y } = scales;
  const below = { colour: muted, font, align: "center" };
  for (const tick of x.ticks(5)) write(context, formatNumber(tick), x(tick), y.range[0] + 14, below);
  const beside = { colour: muted, font, align: "right", baseline: "middle" };
  for (const tick of y.ticks(5)) write(context, formatNumber(tick), x.range[0] - 6, y(tick), beside);
  frame(context, scales);
  Object.assign(context, { strokeStyle: grid, lineWidth: 1 });
  context.stroke();
}

// Where the smallest eigenvalue of H is at most −λ.
function paintIndefinite(context, scales, survey, damping, colours) {
  context.beginPath();
  traceBelow(survey.lowest, -damping, context, gridToPixels(scales, survey.lowest));
  fillHatched(context, colours);
}

function paintPath(context, toPixels, { points }, k, colours) {
  const pixels = points.map(toPixels);
  polyline(context, pixels, { colour: colours.halo, width: 4.5 });
  polyline(context, pixels, { colour: colours.path, width: 2 });
  const radius = points.length > 60 ? 2 : 3;
  const mark = { fill: colours.path, stroke: colours.halo, width: 1 };
  for (const pixel of pixels.slice(1)) dot(context, pixel, radius, mark);
  if (k > 0) dot(context, pixels[k], 5.5, { fill: colours.page, stroke: colours.path, width: 2.5 });
}

// The step at θ_k as the sum of its parts along the two eigenvectors.
function paintStep(context, toPixels, { point, parts }, colours) {
  const [first, second] = parts;
  const from = toPixels(point);
  const ends = parts.map(([x, y]) => toPixels([point[0] + x, point[1] + y]));
  const sum = toPixels(point.map((x, i) => x + first[i] + second[i]));
  for (const end of ends) segment(context, end, sum, { colour: colours.muted, dash: [2, 3] });
  arrow(context, from, ends[0], { colour: colours.first, width: 2.5 });
  arrow(context, from, ends[1], { colour: colours.second, width: 2.5 });
}

function paintMinima(context, toPixels, state, colours) {
  for (const minimum of minimisers(state)) {
    const [x, y] = toPixels(minimum);
    for (const [colour, width] of [
      [colours.halo, 5],
      [colours.ink, 2],
    ]) {
      for (const slope of [4, -4])
        segment(context, [x - 4, y - slope], [x + 4, y + slope], { colour, width });
    }
    write(context, "θ*", x + 8, y + 14, {
      colour: colours.ink,
      font: colours.font,
      size: 12,
      halo: colours.halo,
    });
  }
}

// Everything on the plane that λ, the method or the step shown can change.
export function drawPlane(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const scales = planeScales(box);
  const toPixels = pixelsOf(scales);
  context.save();
  frame(context, scales);
  context.clip();
  paintIndefinite(context, scales, scene.survey, scene.damping, colours);
  paintMinima(context, toPixels, scene.state, colours);
  paintPath(context, toPixels, scene.run, scene.k, colours);
  paintStep(context, toPixels, scene, colours);
  context.restore();
}

// What depends on the surface alone, beneath it.
export function drawUnderlay(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const scales = planeScales(stage.box);
  paintSurface(stage.context, scales, scene, colours);
  paintAxes(stage.context, scales, colours);
}
