// The last row of the triangle as a curve on a logarithmic axis, with its geometric lines, and what a clip leaves.
import { dot, polyline, segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber, superscript } from "../shared/format.js";
import { clamp, linearScale, logScale } from "../shared/scale.js";

const MARGIN = { left: 36, right: 12, top: 8, bottom: 22 };
const DOMAIN = [1e-9, 1e9];
const KEPT = [1e-3, 1e3]; // within which a gradient counts as carried
const BEYOND = 10; // drawn so far outside the domain, where the clip path cuts

function paintAxes(context, x, y, colours) {
  const rows = [y.range[1], y.range[0]];
  for (const tick of x.ticks(5)) verticalTick(context, x, tick, rows, colours, { label: formatNumber(tick) });
  const style = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
  for (let power = -9; power <= 9; power += 3) {
    const height = y(10 ** power);
    const line = { colour: power === 0 ? colours.muted : colours.grid, width: power === 0 ? 1.25 : 1 };
    segment(context, [x.range[0], height], [x.range[1], height], line);
    const label = power === 0 ? "1" : `10${superscript(power)}`;
    write(context, label, x.range[0] - 6, height, style);
  }
}

// base^(T − t), a straight line on this axis.
function geometric(base, last, { x, y }) {
  const decade = (y.range[1] - y.range[0]) / Math.log10(y.domain[1] / y.domain[0]);
  return [0, last].map((t) => [x(t), y(1) + (last - t) * Math.log10(base) * decade]);
}

function paintLines(context, scales, { state, rate, bound, scale }, row, colours) {
  const { x, y } = scales;
  const points = (factor) =>
    Array.from(row, (gain, t) => {
      const shown = clamp(factor * gain, DOMAIN[0] / BEYOND, DOMAIN[1] * BEYOND);
      return [x(t), y(shown)];
    });
  polyline(context, geometric(rate, state.length, scales), { colour: colours.second, width: 1.5, dash: [6, 4] });
  if (bound !== null) {
    const style = { colour: colours.third, width: 1.5, dash: [2, 3] };
    polyline(context, geometric(bound, state.length, scales), style);
  }
  polyline(context, points(1), { colour: colours.ink, width: 2.5 });
  if (scale < 1) polyline(context, points(scale), { colour: colours.path, width: 2.5 });
}

export function drawCurve(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { state, lost } = scene;
  const row = scene.rows.at(-1);
  const x = linearScale([0, state.length], [MARGIN.left, box.width - MARGIN.right]);
  const y = logScale(DOMAIN, [box.height - MARGIN.bottom, MARGIN.top]);
  paintAxes(context, x, y, colours);
  context.fillStyle = colours.zone;
  context.fillRect(x.range[0], y(KEPT[1]), x.range[1] - x.range[0], y(KEPT[0]) - y(KEPT[1]));
  context.save();
  context.beginPath();
  context.rect(x.range[0], y.range[1], x.range[1] - x.range[0] + 4, y.range[0] - y.range[1]);
  context.clip();
  const height = y(state.threshold);
  segment(context, [x.range[0], height], [x.range[1], height], { colour: colours.path, width: 1, dash: [3, 3] });
  paintLines(context, { x, y }, scene, row, colours);
  context.restore();
  const style = { colour: colours.path, font: colours.font, weight: "600", halo: colours.halo };
  write(context, "c", x.range[0] + 4, height - 4, style);
  if (!lost) return;
  const at = state.length - lost.back;
  dot(context, [x(at), y(row[at])], 5, { fill: colours.page, stroke: colours.ink, width: 2.5 });
}
