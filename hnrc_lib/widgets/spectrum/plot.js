// The density of the eigenvalues, the negative part in its own colour, and the band that λ drowns.
import { fillHatched, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { clamp } from "../shared/scale.js";
import { eigenvalueAxis, paintAxis } from "./axis.js";

export const MARGIN = { left: 12, right: 12, top: 20, bottom: 20 };
const DECADES = 4; // of the density on the linear axis, whose height is logarithmic

export function plotAxis(scene, box) {
  return eigenvalueAxis(scene, [MARGIN.left, box.width - MARGIN.right]);
}

// Height of a density: in proportion, or by its logarithm where all but a few eigenvalues share one spike.
function heightOf({ peak, state }, [top, bottom]) {
  return (value) => {
    const share = value / peak;
    const risen = state.scale === "linear" ? 1 + Math.log10(Math.max(share, 1e-30)) / DECADES : share;
    return bottom - (bottom - top) * clamp(risen, 0, 1);
  };
}

function paintBand(context, axis, [top, bottom], { state }, colours) {
  if (state.damping === 0) return;
  const [left, right] = [-state.damping, state.damping].map((value) => clamp(axis.x(value), ...axis.range));
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  fillHatched(context, colours);
  segment(context, [left, top], [left, bottom], { colour: colours.second, width: 1.5, dash: [3, 3] });
}

function paintDensity(context, axis, rows, scene, colours) {
  const height = heightOf(scene, rows);
  const line = scene.points.map(([place, value]) => [axis.place(place), height(value)]);
  const zero = axis.x(0);
  for (const [from, to, colour] of [
    [axis.range[0], zero, colours.path],
    [zero, axis.range[1], colours.first],
  ]) {
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, rows[1]);
    context.clip();
    context.beginPath();
    context.moveTo(axis.range[0], rows[1]);
    for (const point of line) context.lineTo(...point);
    context.lineTo(axis.range[1], rows[1]);
    context.globalAlpha = 0.22;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
    polyline(context, line, { colour, width: 2 });
    context.restore();
  }
}

export function drawPlot(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const rows = [MARGIN.top, box.height - MARGIN.bottom];
  const axis = plotAxis(scene, box);
  paintAxis(context, axis, rows, scene, colours);
  paintBand(context, axis, rows, scene, colours);
  paintDensity(context, axis, rows, scene, colours);
  const x = clamp(axis.x(scene.state.damping), ...axis.range);
  segment(context, [x, rows[0]], [x, rows[1]], { colour: colours.second, width: 2 });
  const text = { colour: colours.second, font: colours.font, weight: "600", align: "center", halo: colours.halo };
  write(context, "λ", x, rows[0] - 6, { ...text, size: 13 });
}
