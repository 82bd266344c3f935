// The gain ratio on a line whose parts are what the radius rule does: shrink, keep, grow.
import { dot, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { clamp, linearScale } from "../shared/scale.js";
import { BOUNDS } from "./models.js";

const DOMAIN = [-1, 2];
const TICKS = [
  [-1, "−1"],
  [0, "0"],
  [BOUNDS.poor, "¼"],
  [BOUNDS.good, "¾"],
  [1, "1"],
  [2, "2"],
];
const LINE = 44; // from the top, with the labels of the parts above and the ticks below

function paintParts(context, scale, colours) {
  const parts = [
    ["shrink", DOMAIN[0], BOUNDS.poor, colours.bad],
    ["keep", BOUNDS.poor, BOUNDS.good, colours.muted],
    ["grow", BOUNDS.good, DOMAIN[1], colours.good],
  ];
  for (const [name, low, high, colour] of parts) {
    segment(context, [scale(low) + 1.5, LINE], [scale(high) - 1.5, LINE], { colour, width: 5 });
    const style = { colour, font: colours.font, align: "center" };
    write(context, name, (scale(low) + scale(high)) / 2, LINE - 24, style);
  }
  const style = { colour: colours.muted, font: colours.font, align: "center" };
  for (const [tick, label] of TICKS) write(context, label, scale(tick), LINE + 20, style);
}

export function drawGauge(stage, { ratio }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const scale = linearScale(DOMAIN, [34, box.width - 16]);
  paintParts(context, scale, colours);
  if (ratio === null) return;
  const inside = ratio >= DOMAIN[0] && ratio <= DOMAIN[1];
  const x = scale(clamp(ratio, ...DOMAIN)) + (inside ? 0 : 8 * Math.sign(ratio));
  dot(context, [x, LINE], 6, { fill: inside ? colours.path : colours.page, stroke: colours.path, width: 2.5 });
  const label = `ρ = ${formatNumber(ratio)}`;
  const text = { colour: colours.path, font: colours.font, align: "center", weight: "600", halo: colours.halo };
  write(context, label, clamp(x, 50, box.width - 40), LINE - 10, { ...text, size: 12 });
}
