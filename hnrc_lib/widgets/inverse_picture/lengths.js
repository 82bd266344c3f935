// Step length against ‖g‖: what curvature scales, and what ggᵀ in its place normalises.
import { dot, polyline, segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { linearScale } from "../shared/scale.js";
import { LARGEST, stepLengths } from "./map.js";
import { STEPS } from "./words.js";

const MARGIN = { left: 30, right: 10, top: 8, bottom: 34 };
const SAMPLES = 181;
const DASHES = { clipped: [5, 4] };

// The highest length drawn: the peak always fits, straight lines may leave.
export function topOf(peak) {
  return 1.3 * Math.max(1.25, peak?.height ?? 0);
}

export function lengthScales({ width, height }, peak) {
  return {
    x: linearScale([0, LARGEST], [MARGIN.left, width - MARGIN.right]),
    y: linearScale([0, topOf(peak)], [height - MARGIN.bottom, MARGIN.top]),
  };
}

// Points of the five curves, without those that do not exist.
export function curves(state, slopes) {
  const sizes = Array.from({ length: SAMPLES }, (_, k) => (k * LARGEST) / (SAMPLES - 1));
  const rows = sizes.map((size) => [size, stepLengths(state, slopes, size)]);
  return STEPS.map(([name]) => [
    name,
    rows.filter(([, lengths]) => lengths[name] !== null).map(([size, lengths]) => [size, lengths[name]]),
  ]);
}

function paintAxes(context, { x, y }, colours) {
  const rows = [y.range[1], y.range[0]];
  for (const tick of x.ticks(6))
    verticalTick(context, x, tick, rows, colours, { label: formatNumber(tick) });
  const text = { colour: colours.muted, font: colours.font };
  for (const tick of y.ticks(5)) {
    const colour = tick === 0 ? colours.line : colours.grid;
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour });
    const beside = { ...text, align: "right", baseline: "middle" };
    write(context, formatNumber(tick), x.range[0] - 6, y(tick), beside);
  }
  write(context, "‖g‖", (x.range[0] + x.range[1]) / 2, y.range[0] + 29, { ...text, align: "center" });
}

function paintCurves(context, { x, y }, lines, colours) {
  context.save();
  context.beginPath();
  context.rect(x.range[0], y.range[1] - 1, x.range[1] - x.range[0], y.range[0] - y.range[1] + 2);
  context.clip();
  for (const [name, points] of lines) {
    if (points.length === 0) continue;
    const pixels = points.map(([size, length]) => [x(size), y(Math.min(length, 50))]);
    polyline(context, pixels, { colour: colours[name], width: 2, dash: DASHES[name] });
  }
  context.restore();
}

function paintPeak(context, { x, y }, peak, colours) {
  if (!peak) return;
  const [px, py] = [x(peak.at), y(peak.height)];
  segment(context, [px, py], [px, y.range[0]], { colour: colours.normalised, width: 1, dash: [2, 3] });
  dot(context, [px, py], 4.5, { fill: colours.page, stroke: colours.normalised, width: 2 });
  const text = `peak 1/(2√λ) = ${formatNumber(peak.height)} at √λ = ${formatNumber(peak.at)}`;
  const left = px < (x.range[0] + x.range[1]) / 2; // the roomier side of the dotted line
  const style = { colour: colours.normalised, font: colours.font, align: left ? "left" : "right" };
  write(context, text, px + (left ? 6 : -6), y.range[0] - 22, { ...style, weight: "600", halo: colours.halo });
}

// The present ‖g‖; a hollow dot at the upper edge says that the length lies beyond it.
function paintPresent(context, { x, y }, { size, lengths }, colours) {
  segment(context, [x(size), y.range[1]], [x(size), y.range[0]], { colour: colours.path, width: 1.5 });
  for (const [name] of STEPS) {
    if (lengths[name] === null) continue;
    const inside = lengths[name] <= y.domain[1];
    const at = [x(size), y(Math.min(lengths[name], y.domain[1]))];
    const [fill, stroke] = inside ? [colours[name], colours.halo] : [colours.page, colours[name]];
    dot(context, at, 4.5, { fill, stroke });
  }
}

export function drawLengths(stage, state, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const scales = lengthScales(box, scene.peak);
  const named = {
    ...colours,
    damped: colours.first,
    rank_one: colours.second,
    normalised: colours.third,
    smooth: colours.fourth,
    clipped: colours.ink,
  };
  paintAxes(context, scales, named);
  paintCurves(context, scales, curves(state, scene.slopes), named);
  paintPresent(context, scales, scene, named);
  paintPeak(context, scales, scene.peak, named);
}
