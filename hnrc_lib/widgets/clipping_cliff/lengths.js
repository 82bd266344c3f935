// Length of each step, logarithmic; the step under the slider below is marked, longer ones than 1 are throws.
import { dot, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber, formatPower } from "../shared/format.js";
import { clamp, linearScale, linearTicks, logScale } from "../shared/scale.js";
import { THROWN } from "./rules.js";

const MARGIN = { left: 34, right: 12, top: 8, bottom: 18 }; // widget.css lays the slider along it
const FLOOR = 1e-6;
const CEILING = 1e15;

// Whole decades that hold every length, from at most 10⁻² to at least 10.
export function lengthDomain(lengths) {
  const powers = lengths.map((length) => Math.log10(clamp(length, FLOOR, CEILING)));
  const low = Math.floor(Math.min(-2, ...powers));
  return [10 ** low, 10 ** Math.ceil(Math.max(1, ...powers))];
}

function paintAxes(context, x, y, steps, colours) {
  const style = { colour: colours.muted, font: colours.font };
  context.fillStyle = colours.veil;
  context.fillRect(x.range[0], y.range[1], x.range[1] - x.range[0], y(THROWN) - y.range[1]);
  for (const tick of y.ticks(4)) {
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour: colours.grid });
    const beside = { ...style, align: "right", baseline: "middle" };
    write(context, formatPower(tick), x.range[0] - 6, y(tick), beside);
  }
  const whole = (tick) => Number.isInteger(tick) && tick <= steps;
  const ticks = linearTicks([1, Math.max(2, steps)], 5).filter(whole);
  for (const tick of [1, ...ticks.filter((tick) => tick > 1 + steps / 10)])
    write(context, formatNumber(tick), x(tick), y.range[0] + 14, { ...style, align: "center" });
}

export function drawLengths(stage, { state, run, plain, k }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = linearScale([1, Math.max(2, state.steps)], [MARGIN.left, box.width - MARGIN.right]);
  const domain = lengthDomain([...run.lengths, ...(plain?.lengths ?? [])]);
  const y = logScale(domain, [box.height - MARGIN.bottom, MARGIN.top]);
  paintAxes(context, x, y, state.steps, colours);
  const pixels = (lengths) => lengths.map((length, i) => [x(i + 1), y(clamp(length, ...domain))]);
  if (plain) polyline(context, pixels(plain.lengths), { colour: colours.plain, width: 1.5, dash: [4, 3] });
  const points = pixels(run.lengths);
  segment(context, [x(k), y.range[1]], [x(k), y.range[0]], { colour: colours.muted, dash: [2, 3] });
  polyline(context, points, { colour: colours.path, width: 2 });
  const radius = points.length > 60 ? 1.5 : 2.5;
  for (const point of points) dot(context, point, radius, { fill: colours.path });
  dot(context, points[k - 1], 5, { fill: colours.page, stroke: colours.path, width: 2.5 });
}
