// The runs' own losses against the step, and dashed the height of the plane below the chosen one.
import { dot, polyline, segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { linearScale, linearTicks, logScale } from "../shared/scale.js";
import { niceLevels } from "./contours.js";

const MARGIN = { left: 34, right: 12, top: 6, bottom: 18 }; // layout.css lays the slider along it
const ROOM = 1.15; // over the highest curve and under the lowest

export function drawLosses(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { runs, run, k, last, state } = scene;
  const all = runs.flatMap(({ losses, below }) => [...losses, ...below]);
  const domain = [Math.min(...all) / ROOM, Math.max(...all) * ROOM];
  const x = linearScale([0, last * state.every], [MARGIN.left, box.width - MARGIN.right]);
  const y = logScale(domain, [box.height - MARGIN.bottom, MARGIN.top]);
  const beside = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
  for (const level of niceLevels(domain.map(Math.log10))) {
    segment(context, [x.range[0], y(level)], [x.range[1], y(level)], { colour: colours.grid });
    write(context, formatNumber(level), x.range[0] - 6, y(level), beside);
  }
  for (const tick of linearTicks(x.domain, 5))
    verticalTick(context, x, tick, [y.range[1], y.range[0]], colours, { label: formatNumber(tick) });
  const pixels = (losses) => losses.map((loss, n) => [x(n * state.every), y(loss)]);
  for (const other of runs.filter((each) => each !== run))
    polyline(context, pixels(other.losses), { colour: colours[other.name], width: 1 });
  const colour = colours[run.name];
  polyline(context, pixels(run.below), { colour, width: 1.5, dash: [4, 3] });
  polyline(context, pixels(run.losses), { colour, width: 2.5 });
  const [at] = pixels(run.losses)[k];
  segment(context, [at, y.range[1]], [at, y.range[0]], { colour: colours.muted, dash: [2, 3] });
  dot(context, [at, y(run.below[k])], 4.5, { fill: colour, stroke: colours.page, width: 1.5 });
  dot(context, [at, y(run.losses[k])], 5, { fill: colours.page, stroke: colour, width: 2.5 });
}
