// Errors of both models against |Δ|, both logarithmic; dashed lines rise with slopes 2 and 3.
import { dot, polyline, segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber, formatPower } from "../shared/format.js";
import { logScale } from "../shared/scale.js";
import { GREATEST_RADIUS, LEAST_RADIUS, modelErrors } from "./models.js";

const MARGIN = { left: 34, right: 10, top: 6, bottom: 18 };
const SAMPLES = 120;
const DOMAIN = [1e-9, 1e2];
const ORDERS = [2, 3];
const INVISIBLE = 1e-30;

export function errorSizes() {
  const span = GREATEST_RADIUS / LEAST_RADIUS;
  return Array.from({ length: SAMPLES + 1 }, (_, k) => LEAST_RADIUS * span ** (k / SAMPLES));
}

function paintAxes(context, x, y, colours) {
  const style = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
  for (const tick of y.ticks(6)) {
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour: colours.grid });
    write(context, formatPower(tick), x.range[0] - 5, y(tick), style);
  }
  const rows = [y.range[1], y.range[0]];
  for (const tick of x.ticks(4)) verticalTick(context, x, tick, rows, colours, { label: formatNumber(tick) });
}

// Each power law goes through the least error, so that a curve of another slope leaves it.
function paintGuides(context, x, y, least, colours) {
  const span = GREATEST_RADIUS / LEAST_RADIUS;
  least.forEach((error, i) => {
    if (error < INVISIBLE) return;
    const line = [
      [x(LEAST_RADIUS), y(error)],
      [x(GREATEST_RADIUS), y(error * span ** ORDERS[i])],
    ];
    polyline(context, line, { colour: colours.muted, dash: [4, 4] });
  });
}

export function drawErrors(stage, { state, here, errors }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = logScale([LEAST_RADIUS, GREATEST_RADIUS], [MARGIN.left, box.width - MARGIN.right]);
  const y = logScale(DOMAIN, [box.height - MARGIN.bottom, MARGIN.top]);
  paintAxes(context, x, y, colours);
  context.save();
  context.beginPath();
  context.rect(x.range[0], y.range[1], x.range[1] - x.range[0] + MARGIN.right, y.range[0] - y.range[1]);
  context.clip();
  segment(context, [x(state.radius), y.range[1]], [x(state.radius), y.range[0]], {
    colour: colours.region,
    width: 1.5,
    dash: [3, 3],
  });
  const sizes = errorSizes();
  const curves = sizes.map((size) => modelErrors(state.function, state.point, here, size));
  paintGuides(context, x, y, curves[0], colours);
  [colours.first, colours.second].forEach((colour, i) => {
    const points = sizes.map((size, k) => [x(size), y(Math.max(curves[k][i], INVISIBLE))]);
    polyline(context, points, { colour, width: 2 });
    const at = [x(state.radius), y(Math.max(errors[i], INVISIBLE))];
    dot(context, at, 4.5, { fill: colour, stroke: colours.page });
  });
  context.restore();
}
