// The same surface from above as level lines, with the runs.
import { dot, polyline, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { shadeGrid } from "../shared/grid.js";
import { linearScale } from "../shared/scale.js";
import { parseColour } from "../shared/theme.js";

const MARGIN = 2;
const LABELLED = 14; // pieces of a level line long enough for its number

export function twinScales({ width, height }) {
  return {
    x: linearScale([-1, 1], [MARGIN, width - MARGIN]),
    y: linearScale([-1, 1], [height - MARGIN, MARGIN]),
  };
}

function paintLevels(context, { x, y }, levels, colours) {
  Object.assign(context, { strokeStyle: colours.level, lineWidth: 0.9 });
  for (const { pieces } of levels) {
    context.beginPath();
    for (const [, x0, y0, x1, y1] of pieces) {
      context.moveTo(x(x0), y(y0));
      context.lineTo(x(x1), y(y1));
    }
    context.stroke();
  }
}

// Each level's number where its line is nearest to a diagonal of the plane, so that they stand in a row.
function paintLabels(context, { x, y }, levels, colours) {
  for (const { level, pieces } of levels.filter((each) => each.pieces.length >= LABELLED)) {
    const off = ([, a, b]) => Math.abs(a - b) + (Math.max(Math.abs(a), Math.abs(b)) > 0.9 ? 9 : 0);
    const [, a, b] = pieces.reduce((best, piece) => (off(piece) < off(best) ? piece : best));
    const style = { colour: colours.muted, font: colours.font, align: "center", baseline: "middle", size: 10 };
    write(context, formatNumber(level), x(a), y(b), { ...style, halo: colours.halo });
  }
}

// What the record alone decides: level lines and the runs.
export function drawTwin(stage, { grid, levels, runs, state }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const scales = twinScales(box);
  const { x, y } = scales;
  const shade = shadeGrid(grid, parseColour(colours.basin), (height) => Math.max(0, 1 - height));
  context.drawImage(shade, x.range[0], y.range[1], x.range[1] - x.range[0], y.range[0] - y.range[1]);
  paintLevels(context, scales, levels, colours);
  paintLabels(context, scales, levels, colours);
  const toPixels = ([a, b]) => [x(a), y(b)];
  const chosenLast = [...runs].sort((a, b) => (a.name === state.run) - (b.name === state.run));
  for (const { name, path } of chosenLast) {
    const pixels = path.map(toPixels);
    const chosen = name === state.run;
    polyline(context, pixels, { colour: colours.halo, width: chosen ? 5 : 3 });
    polyline(context, pixels, { colour: colours[name], width: chosen ? 2.5 : 1.25 });
  }
  dot(context, toPixels(runs[0].path[0]), 3.5, { fill: colours.ink, stroke: colours.halo });
}

export function drawStep(stage, { run, place }, colours) {
  if (!beginDrawing(stage)) return;
  const { x, y } = twinScales(stage.box);
  dot(stage.context, [x(place[0]), y(place[1])], 5.5, { fill: colours[run.name], stroke: colours.page, width: 2 });
}
