// One step in the eigenbasis: how much of gradient and step lies along each eigenvector, and the step factor.
import { dot, segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { clamp, linearScale } from "../shared/scale.js";
import { EIGENVECTOR_NAMES, tellFactor } from "./words.js";

const LEFT = 26;
const SHARE_WIDTH = 0.36; // of the width right of LEFT; widget.css sets the titles by the same number
const GAP = 28;
const FACTORS_SHOWN = [-1, 3];

// Outline: share of the gradient. Full: share of the step.
function paintShares(context, scale, y, { gradient, step }, colour) {
  Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineWidth: 1.25 });
  context.strokeRect(scale(0) + 0.5, y - 10.5, Math.max(1, scale(gradient) - scale(0)), 8);
  context.fillRect(scale(0), y + 2, Math.max(1, scale(step) - scale(0)), 9);
}

// A bar from 0 to the factor; a hollow end says that it lies beyond the edge.
function paintFactor(context, scale, y, { factor, eigenvalue, colour }, colours) {
  const words = tellFactor(factor, eigenvalue);
  const known = Number.isFinite(factor);
  if (known) {
    const x = clamp(scale(factor), ...scale.range);
    const inside = x === scale(factor);
    segment(context, [scale(0), y + 5], [x, y + 5], { colour, width: 3 });
    const [fill, stroke] = inside ? [colour, colours.halo] : [colours.page, colour];
    dot(context, [x, y + 5], 5, { fill, stroke, width: 2 });
  }
  const label = known ? `${formatNumber(factor)}, ${words}` : words;
  const style = { colour, baseline: "middle", font: colours.font, halo: colours.halo };
  write(context, label, scale(0) + 4, y - 8, style);
}

export function drawBasis(stage, { values, shares, factors }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const split = LEFT + (box.width - LEFT) * SHARE_WIDTH;
  const bars = linearScale([0, 1], [LEFT, split - GAP]);
  const scale = linearScale(FACTORS_SHOWN, [split, box.width - 6]);
  const rows = [4, box.height - 20];
  context.fillStyle = colours.zone;
  context.fillRect(scale(0), rows[0], scale(2) - scale(0), rows[1] - rows[0]);
  for (const tick of [0, 1]) verticalTick(context, bars, tick, rows, colours, { label: String(tick) });
  for (const tick of scale.ticks(4)) {
    const exact = tick === 1 ? { colour: colours.ink, dash: [2, 3] } : {};
    verticalTick(context, scale, tick, rows, colours, { label: formatNumber(tick), ...exact });
  }
  values.forEach((eigenvalue, i) => {
    const y = rows[0] + ((rows[1] - rows[0]) * (i + 0.5)) / 2;
    const colour = [colours.first, colours.second][i];
    const name = { colour, baseline: "middle", weight: "600", size: 12, font: colours.font };
    write(context, EIGENVECTOR_NAMES[i], 2, y, name);
    paintShares(context, bars, y, shares[i], colour);
    paintFactor(context, scale, y, { factor: factors[i], eigenvalue, colour }, colours);
  });
}
