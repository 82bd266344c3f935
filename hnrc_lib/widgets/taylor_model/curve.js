// The function with its two Taylor models, the trust region as a band, and where the step lands.
import { arrow, dot, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { linearScale } from "../shared/scale.js";
import { evaluate, HEIGHTS, WINDOW } from "./functions.js";
import { firstOrder, secondOrder } from "./models.js";

const MARGIN = { left: 26, right: 10, top: 8, bottom: 22 };
const INTERVALS = 300; // even, so that the kink at 0 is a vertex
const BAR = 12; // pixels of the trust region's bar above the axis
const OUTSIDE = 0.4; // opacity of the models beyond the region

export function curveScales({ width, height }, name) {
  return {
    x: linearScale(WINDOW, [MARGIN.left, width - MARGIN.right]),
    y: linearScale(HEIGHTS[name], [height - MARGIN.bottom, MARGIN.top]),
  };
}

// The end of the region that has room inside the window: 1 right, −1 left.
export function roomySide(point) {
  return point > 0 ? -1 : 1;
}

export function barHeight({ y }) {
  return y.range[0] - BAR;
}

function sampled(f, { x, y }) {
  return Array.from({ length: INTERVALS + 1 }, (_, k) => {
    const at = WINDOW[0] + ((WINDOW[1] - WINDOW[0]) * k) / INTERVALS;
    return [x(at), y(f(at))];
  });
}

function paintAxes(context, { x, y }, colours) {
  const style = { colour: colours.muted, font: colours.font };
  for (const tick of x.ticks(6)) {
    segment(context, [x(tick), y.range[1]], [x(tick), y.range[0]], { colour: colours.grid });
    write(context, formatNumber(tick), x(tick), y.range[0] + 14, { ...style, align: "center" });
  }
  for (const tick of y.ticks(5)) {
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour: colours.grid });
    write(context, formatNumber(tick), x.range[0] - 6, y(tick), {
      ...style,
      align: "right",
      baseline: "middle",
    });
  }
}

function clipTo(context, [left, right], [bottom, top]) {
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
}

function paintRegion(context, scales, [left, right], colours) {
  const { y } = scales;
  context.fillStyle = colours.zone;
  context.fillRect(left, y.range[1], right - left, y.range[0] - y.range[1]);
  for (const edge of [left, right])
    segment(context, [edge, y.range[1]], [edge, y.range[0]], { colour: colours.region, dash: [3, 3] });
  const bar = barHeight(scales);
  segment(context, [left, bar], [right, bar], { colour: colours.region, width: 2.5 });
}

// Both models: faint everywhere, full inside the region.
function paintModels(context, scales, region, { state, here }, colours) {
  const lines = [
    [firstOrder, { colour: colours.first, width: 2 }],
    [secondOrder, { colour: colours.second, width: 2 }],
  ].map(([model, style]) => [sampled((x) => model(here, x - state.point), scales), style]);
  context.save();
  context.globalAlpha = OUTSIDE;
  for (const [points, style] of lines) polyline(context, points, style);
  context.restore();
  context.save();
  clipTo(context, region, scales.y.range);
  for (const [points, style] of lines) polyline(context, points, style);
  context.restore();
}

// What the model promises (hollow), what the function gives (full), and the error between them.
function paintStep(context, scales, { state, here, step, ratio }, colours) {
  if (ratio === null) return;
  const { x, y } = scales;
  const [end, bar] = [state.point + step, barHeight(scales)];
  arrow(context, [x(state.point), bar], [x(end), bar], { colour: colours.path, width: 2.5 });
  const promised = [x(end), y(secondOrder(here, step))];
  const found = [x(end), y(evaluate(state.function, end).value)];
  segment(context, promised, found, { colour: colours.path, width: 2, dash: [2, 3] });
  dot(context, promised, 5, { fill: colours.page, stroke: colours.second, width: 2.5 });
  dot(context, found, 5, { fill: colours.path, stroke: colours.page });
}

export function drawCurve(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { state } = scene;
  const scales = curveScales(box, state.function);
  paintAxes(context, scales, colours);
  const region = [state.point - state.radius, state.point + state.radius].map(scales.x);
  context.save();
  clipTo(context, scales.x.range, scales.y.range);
  paintRegion(context, scales, region, colours);
  polyline(
    context,
    sampled((x) => evaluate(state.function, x).value, scales),
    { colour: colours.ink, width: 3 },
  );
  paintModels(context, scales, region, scene, colours);
  paintStep(context, scales, scene, colours);
  context.restore();
}
