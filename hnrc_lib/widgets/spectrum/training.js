// The ends of the spectrum at every recorded stage, both logarithmic: what λ must exceed, and the largest.
import { dot, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber, formatPower } from "../shared/format.js";
import { clamp, linearScale, logScale } from "../shared/scale.js";

const MARGIN = { left: 34, right: 16, top: 8, bottom: 20 };

function heights(stages, rows) {
  const sizes = stages.flatMap(({ smallest, largest }) => [largest, -smallest]).filter((size) => size > 0);
  return logScale([Math.min(...sizes) / 3, Math.max(...sizes) * 2], rows);
}

function paintAxes(context, x, y, stages, colours) {
  const style = { colour: colours.muted, font: colours.font };
  for (const tick of y.ticks(4)) {
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour: colours.grid });
    write(context, formatPower(tick), x.range[0] - 5, y(tick), { ...style, align: "right", baseline: "middle" });
  }
  const every = Math.ceil(stages.length / 7);
  stages.forEach(({ epoch }, k) => {
    if (k % every === 0) write(context, formatNumber(epoch), x(k), y.range[0] + 14, { ...style, align: "center" });
  });
}

export function drawTraining(stage, { stages, index, state }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = linearScale([0, Math.max(stages.length - 1, 1)], [MARGIN.left + 8, box.width - MARGIN.right]);
  const y = heights(stages, [box.height - MARGIN.bottom, MARGIN.top]);
  paintAxes(context, x, y, stages, colours);
  segment(context, [x(index), y.range[1]], [x(index), y.range[0]], { colour: colours.line, width: 1.5 });
  const level = y(clamp(state.damping, ...y.domain));
  segment(context, [x.range[0], level], [x.range[1], level], { colour: colours.second, width: 1.5, dash: [3, 3] });
  for (const [colour, size] of [
    [colours.first, ({ largest }) => largest],
    [colours.path, ({ smallest }) => -smallest],
  ]) {
    const points = stages.map((one, k) => [k, size(one)]).filter(([, value]) => value > 0);
    const pixels = points.map(([k, value]) => [x(k), y(value)]);
    polyline(context, pixels, { colour, width: 2 });
    pixels.forEach((at, k) => dot(context, at, points[k][0] === index ? 5 : 3, { fill: colour, stroke: colours.page }));
  }
}
