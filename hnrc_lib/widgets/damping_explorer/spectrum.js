// The eigenvalues at θ_k on a number line, moved by λ.
import { arrow, dot, fillHatched, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { clamp, symlogScale } from "../shared/scale.js";
import { EIGENVECTOR_NAMES } from "./words.js";

const DOMAINS = { quadratic: [-2, 2000], saddle: [-20, 2000], rosenbrock: [-3000, 5000] };
const UNITS = { quadratic: 0.5, saddle: 0.5, rosenbrock: 5 };
const LEFT = 26;

function paintNegativeSide(context, scale, [top, bottom], colours) {
  context.beginPath();
  context.rect(scale.range[0], top, scale(0) - scale.range[0], bottom - top);
  fillHatched(context, colours);
}

// Hollow circle h, arrow of length λ, full circle h + λ.
function paintEigenvalue(context, scale, y, { name, value, damping, colour }, colours) {
  const at = (h) => [clamp(scale(h), ...scale.range), y];
  const text = { colour, baseline: "middle", font: colours.font };
  write(context, name, 2, y, { ...text, weight: "600", size: 12 });
  const [before, after] = [at(value), at(value + damping)];
  arrow(context, before, [after[0] - 3, y], { colour, width: 2 });
  dot(context, before, 4.5, { fill: colours.page, stroke: colour, width: 2 });
  if (damping > 0) dot(context, after, 5, { fill: colour, stroke: colours.halo });
  const numbers = damping > 0 ? [value, value + damping] : [value];
  const label = numbers.map((number) => formatNumber(number)).join(" → ");
  const middle = clamp((before[0] + after[0]) / 2, LEFT + 42, scale.range[1] - 42);
  write(context, label, middle, y - 11, { ...text, align: "center", halo: colours.halo });
}

// The hatched side is negative: an eigenvalue there means H + λI is not positive definite.
export function drawSpectrum(stage, { state, values, damping }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const scale = symlogScale(DOMAINS[state.surface], [LEFT, box.width - 14], UNITS[state.surface]);
  const rows = [2, box.height - 20];
  paintNegativeSide(context, scale, rows, colours);
  for (const tick of scale.ticks()) {
    const colour = tick === 0 ? colours.ink : colours.grid;
    verticalTick(context, scale, tick, rows, colours, { label: formatNumber(tick), colour });
  }
  values.forEach((value, i) => {
    const y = rows[0] + ((rows[1] - rows[0]) * (i + 0.62)) / 2;
    const colour = [colours.first, colours.second][i];
    paintEigenvalue(context, scale, y, { name: EIGENVECTOR_NAMES[i], value, damping, colour }, colours);
  });
}
