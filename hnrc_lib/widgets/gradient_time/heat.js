// The gain from every step τ (rows) back to every earlier step t (columns), as colours on a triangle.
import { segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { clamp, linearScale } from "../shared/scale.js";
import { parseColour } from "../shared/theme.js";
import { LARGEST_LENGTH } from "./scene.js";

const MARGIN = { left: 30, right: 8, top: 8, bottom: 22 };
const DECADES = 4; // beyond which a colour is full
const CELLS = LARGEST_LENGTH + 1;
const TICKS = [0, 20, 40, 60, 80];

// Pixels of the middle of a step's column or row.
export function heatScales({ width, height }) {
  const domain = [-0.5, LARGEST_LENGTH + 0.5];
  return {
    x: linearScale(domain, [MARGIN.left, width - MARGIN.right]),
    y: linearScale(domain, [MARGIN.top, height - MARGIN.bottom]),
  };
}

// The colour of no gain at all, of a gain of 1, and of one without end.
export function heatColours({ first, page, path }) {
  return [first, page, path].map(parseColour);
}

function paintPixels(rows, [vanished, level, exploded]) {
  const canvas = Object.assign(document.createElement("canvas"), { width: CELLS, height: CELLS });
  const context = canvas.getContext("2d");
  const image = context.createImageData(CELLS, CELLS);
  rows.forEach((row, last) => {
    row.forEach((gain, t) => {
      const size = clamp(Math.log10(gain) / DECADES, -1, 1);
      const far = size < 0 ? vanished : exploded;
      const at = 4 * (last * CELLS + t);
      for (let k = 0; k < 3; k++) image.data[at + k] = level[k] + Math.abs(size) * (far[k] - level[k]);
      image.data[at + 3] = 255;
    });
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

export function drawHeat(stage, { rows, state }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { x, y } = heatScales(box);
  const [width, height] = [x.range[1] - x.range[0], y.range[1] - y.range[0]];
  context.imageSmoothingEnabled = false;
  context.drawImage(paintPixels(rows, colours.heat), x.range[0], y.range[0], width, height);
  const style = { colour: colours.muted, font: colours.font };
  for (const tick of TICKS) {
    segment(context, [x(tick), y(tick)], [x(tick), y.range[1]], { colour: colours.grid, width: 0.75 });
    segment(context, [x.range[0], y(tick)], [x(tick), y(tick)], { colour: colours.grid, width: 0.75 });
    write(context, formatNumber(tick), x(tick), y.range[1] + 14, { ...style, align: "center" });
    const beside = { ...style, align: "right", baseline: "middle" };
    write(context, formatNumber(tick), x.range[0] - 6, y(tick), beside);
  }
  segment(context, [x.range[0], y.range[0]], [x.range[1], y.range[1]], { colour: colours.muted });
  const bottom = y(state.length + 0.5);
  segment(context, [x.range[0], bottom], [x(state.length + 0.5), bottom], { colour: colours.ink, width: 1.5 });
  write(context, `T = ${state.length}`, x.range[0] + 4, bottom + 13, {
    ...{ ...style, colour: colours.ink, weight: "600", halo: colours.halo },
  });
}
