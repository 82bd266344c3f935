// Loss against step, logarithmic; the step under the slider below is marked.
import { dot, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber, formatPower } from "../shared/format.js";
import { clamp, linearScale, linearTicks, logScale } from "../shared/scale.js";

const MARGIN = { left: 34, right: 12, top: 8, bottom: 18 }; // widget.css lays the slider along it
const FLOOR = 1e-18;
const CEILING = 1e12;

// At least two decades, whole decades, within [FLOOR, CEILING].
export function lossDomain(losses) {
  const powers = losses.map((loss) => Math.log10(clamp(loss, FLOOR, CEILING)));
  const low = Math.floor(Math.min(...powers));
  return [10 ** low, 10 ** Math.max(low + 2, Math.ceil(Math.max(...powers)))];
}

function paintAxes(context, x, y, steps, colours) {
  const style = { colour: colours.muted, font: colours.font };
  for (const tick of y.ticks(4)) {
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour: colours.grid });
    const beside = { ...style, align: "right", baseline: "middle" };
    write(context, formatPower(tick), x.range[0] - 6, y(tick), beside);
  }
  for (const tick of linearTicks([0, steps], 5).filter(Number.isInteger)) {
    write(context, formatNumber(tick), x(tick), y.range[0] + 14, { ...style, align: "center" });
  }
}

export function drawLosses(stage, { state, run, k }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = linearScale([0, state.steps], [MARGIN.left, box.width - MARGIN.right]);
  const y = logScale(lossDomain(run.losses), [box.height - MARGIN.bottom, MARGIN.top]);
  paintAxes(context, x, y, state.steps, colours);
  const points = run.losses.map((loss, i) => [x(i), y(clamp(loss, FLOOR, CEILING))]);
  segment(context, [x(k), y.range[1]], [x(k), y.range[0]], { colour: colours.muted, dash: [2, 3] });
  polyline(context, points, { colour: colours.path, width: 2 });
  const radius = points.length > 60 ? 1.5 : 2.5;
  for (const point of points) dot(context, point, radius, { fill: colours.path });
  dot(context, points[k], 5, { fill: colours.page, stroke: colours.path, width: 2.5 });
}
