// The surface in three dimensions by the painter's algorithm, level lines and runs on it, and over it the marks.
import { dot, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { parseColour } from "../shared/theme.js";
import { heightAt, nearerCell, paintersOrder, project, projectGrid, viewOf } from "./geometry.js";

const FILL = 0.34; // of the shorter side, for half a side of the plane
const LIGHT = [-0.45, -0.35, 0.82]; // where it comes from; it turns with the surface
const OTHERS = 1.5; // width of the runs not chosen
const CHOSEN = 3;
const SEAM = 0.4; // pixels

// Both ways between the picture's units and pixels; enlarged, the picture follows the run's step.
export function lensOf({ width, height }, scene) {
  const { zoom } = scene.state;
  const view = viewOf(scene.state);
  const scale = FILL * Math.min(width, 1.2 * height) * zoom;
  const [x, y] = project(view, [...scene.place, heightAt(scene.grid, scene.place)]);
  const shift = [x * (1 - 1 / zoom), y * (1 - 1 / zoom)];
  const [x0, y0] = [width / 2 - scale * shift[0], height / 2 + scale * shift[1]];
  const toPixel = (right, up) => [x0 + scale * right, y0 - scale * up];
  return {
    view,
    toPixels: (places) => places.map((value, n) => (n % 2 ? y0 - scale * value : x0 + scale * value)),
    place: (point) => toPixel(...project(view, point)),
    fromPixels: ([px, py]) => [(px - x0) / scale, (y0 - py) / scale],
  };
}

// #rrggbb of [red, green, blue], the way of writing a colour that is read fastest.
function hexadecimal(channels) {
  const [red, green, blue] = channels.map(Math.round);
  return `#${((1 << 24) | (red << 16) | (green << 8) | blue).toString(16).slice(1)}`;
}

// Each cell's colour: the basin's where the loss is low, the page's where it is high, darker in the shade.
export function shadeCells({ values, columns, rows }, { basin, high, ink }) {
  const [low, top, dark] = [basin, high, ink].map(parseColour);
  const [lightX, lightY, lightZ] = LIGHT;
  const colours = [];
  for (let j = 0; j < rows - 1; j++) {
    for (let i = 0; i < columns - 1; i++) {
      const k = j * columns + i;
      const [a, b, c, d] = [values[k], values[k + 1], values[k + columns + 1], values[k + columns]];
      const height = (a + b + c + d) / 4;
      const slopeX = ((b + c - a - d) / 4) * (columns - 1);
      const slopeY = ((c + d - a - b) / 4) * (rows - 1);
      const lit = (lightZ - lightX * slopeX - lightY * slopeY) / Math.hypot(slopeX, slopeY, 1);
      const shade = 0.35 * Math.max(0, 1 - Math.max(0, lit));
      const mixed = low.map((value, n) => value + (top[n] - value) * Math.min(1, height));
      colours.push(hexadecimal(mixed.map((value, n) => value + (dark[n] - value) * shade)));
    }
  }
  return colours;
}

// What lies on a cell is painted with the next one towards the reader, which would else cover its edge.
function lyingOn(pieces, { view }, grid) {
  const found = new Map();
  for (const piece of pieces) {
    const cell = nearerCell(view, grid, piece.cell);
    if (found.has(cell)) found.get(cell).push(piece);
    else found.set(cell, [piece]);
  }
  return found;
}

function paintLines(context, lines, lens, colour) {
  context.beginPath();
  for (const { ends } of lines) {
    context.moveTo(...lens.place(ends[0]));
    context.lineTo(...lens.place(ends[1]));
  }
  Object.assign(context, { strokeStyle: colour, lineWidth: 0.8 });
  context.stroke();
}

// A little larger than the cell, for smoothing would leave a seam between two of them.
function paintCell(context, pixels, k, columns, colour) {
  const n = 2 * k;
  const m = 2 * (k + columns);
  const x = (pixels[n] + pixels[n + 2] + pixels[m] + pixels[m + 2]) / 4;
  const y = (pixels[n + 1] + pixels[n + 3] + pixels[m + 1] + pixels[m + 3]) / 4;
  const wide = (value) => value + (value > x ? SEAM : -SEAM);
  const high = (value) => value + (value > y ? SEAM : -SEAM);
  context.beginPath();
  context.moveTo(wide(pixels[n]), high(pixels[n + 1]));
  context.lineTo(wide(pixels[n + 2]), high(pixels[n + 3]));
  context.lineTo(wide(pixels[m + 2]), high(pixels[m + 3]));
  context.lineTo(wide(pixels[m]), high(pixels[m + 1]));
  context.fillStyle = colour;
  context.fill();
}

// The surface and what lies on it, from far to near.
export function drawRelief(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { grid, state } = scene;
  const lens = lensOf(box, scene);
  const [lines, pieces] = [scene.lines, scene.pieces].map((all) => lyingOn(all, lens, grid));
  const pixels = lens.toPixels(projectGrid(lens.view, grid));
  for (const cell of paintersOrder(lens.view, grid)) {
    const k = Math.floor(cell / (grid.columns - 1)) * grid.columns + (cell % (grid.columns - 1));
    paintCell(context, pixels, k, grid.columns, colours.cells[cell]);
    if (lines.has(cell)) paintLines(context, lines.get(cell), lens, colours.level);
    for (const { ends, run } of pieces.get(cell) ?? []) {
      const style = { colour: colours[run], width: run === state.run ? CHOSEN : OTHERS };
      segment(context, ...ends.map(lens.place), style);
    }
  }
}

// The chosen run through hills that hide it, the step with its own loss above or below the plane's, the marked point.
export function drawMarks(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { grid, run, place, state, loss } = scene;
  const lens = lensOf(box, scene);
  const onSurface = (point) => lens.place([...point, heightAt(grid, point)]);
  context.globalAlpha = 0.35;
  polyline(context, run.path.map(onSurface), { colour: colours[run.name], width: 1.5 });
  context.globalAlpha = 1;
  dot(context, onSurface(run.path[0]), 3.5, { fill: colours.ink, stroke: colours.halo });
  const text = { colour: colours.ink, font: colours.font, halo: colours.halo };
  const [startX, startY] = onSurface(run.path[0]);
  write(context, "start", startX + 7, startY - 5, text);
  const foot = onSurface(place);
  const head = lens.place([...place, scene.heightOf(loss)]);
  segment(context, foot, head, { colour: colours.halo, width: 4 });
  segment(context, foot, head, { colour: colours[run.name], width: 2 });
  dot(context, foot, 5.5, { fill: colours[run.name], stroke: colours.page, width: 2 });
  dot(context, head, 5, { fill: colours.page, stroke: colours[run.name], width: 2.5 });
  paintMark(context, onSurface(state.mark), colours);
}

export function paintMark(context, [x, y], { ink, halo }) {
  for (const [colour, width] of [
    [halo, 5],
    [ink, 2],
  ]) {
    segment(context, [x - 7, y], [x + 7, y], { colour, width });
    segment(context, [x, y - 7], [x, y + 7], { colour, width });
  }
}
