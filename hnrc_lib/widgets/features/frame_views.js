// The frame's own views: its samples under the window, its spectrum under the mel triangles, and three rows of bars.
import { polyline, segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { linearScale } from "../shared/scale.js";
import { hzToMel, melEdges } from "../shared/sound/features.js";
import { peakOf } from "../shared/sound/level.js";
import { FRAMES, RATE, SIZE } from "./analysis.js";
import { MOST_KEPT } from "./presets.js";

const MARGIN = { left: 30, right: 8, top: 8, bottom: 18 };
const DECIBELS = 80; // of a spectrum's height
const LOG_RANGE = Math.log(1e8);
const TRIANGLES = 0.28; // of the height

function plotBox({ width, height }) {
  return {
    columns: [MARGIN.left, width - MARGIN.right],
    rows: [height - MARGIN.bottom, MARGIN.top],
  };
}

function rowTick(context, y, label, [left, right], colours) {
  segment(context, [left, y], [right, y], { colour: colours.grid });
  const style = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
  write(context, label, left - 4, y, style);
}

// `draw(context, box, scene, colours)` on a stage that has a box.
function view(draw) {
  return (stage, scene, colours) => {
    if (beginDrawing(stage)) draw(stage.context, plotBox(stage.box), scene, colours);
  };
}

export const drawFrame = view((context, { columns, rows }, { cut, windowed }, colours) => {
  const x = linearScale([-SIZE / 2 / 8, SIZE / 2 / 8], columns); // milliseconds
  const peak = peakOf(cut) || 1;
  const y = linearScale([-1.1 * peak, 1.1 * peak], rows);
  for (const tick of [-12.5, 0, 12.5])
    verticalTick(context, x, tick, [rows[1], rows[0]], colours, { label: tick ? `${formatNumber(tick)} ms` : "0" });
  const points = (values) => Array.from(values, (value, k) => [x((k - SIZE / 2) / 8), y(value)]);
  polyline(context, points(cut), { colour: colours.muted });
  for (const side of [1, -1])
    polyline(context, points(FRAMES.taper.map((w) => side * peak * w)), {
      colour: colours.second,
      dash: [4, 3],
    });
  polyline(context, points(windowed), { colour: colours.path, width: 1.75 });
});

function paintTriangles(context, x, rows, count, colours) {
  const height = TRIANGLES * (rows[0] - rows[1]);
  const edges = melEdges(RATE, count);
  const points = [];
  for (let m = 0; m < count; m++)
    points.push([
      [x(edges[m]), rows[0]],
      [x(edges[m + 1]), rows[0] - height],
      [x(edges[m + 2]), rows[0]],
    ]);
  for (const triangle of points) polyline(context, triangle, { colour: colours.second });
}

export const drawSpectrum = view((context, { columns, rows }, scene, colours) => {
  const x = linearScale([0, RATE / 2], columns);
  const top = 10 * Math.log10(scene.greatestPower);
  const y = linearScale([top - DECIBELS, top + 3], rows);
  for (const tick of y.ticks(5)) rowTick(context, y(tick), formatNumber(tick), columns, colours);
  for (const tick of [0, 1000, 2000, 3000])
    verticalTick(context, x, tick, [rows[1], rows[0]], colours, { label: tick ? `${tick / 1000} kHz` : "0" });
  paintTriangles(context, x, rows, scene.state.n_mels, colours);
  const points = Array.from(scene.power, (value, k) => {
    const level = Math.max(10 * Math.log10(value), top - DECIBELS);
    return [x((k * RATE) / SIZE), y(level)];
  });
  polyline(context, points, { colour: colours.first, width: 1.75 });
});

// Bars over `count` equal places from `base` up or down.
function paintBars(context, values, { x, y, base, colour }) {
  const width = Math.max(1, 0.72 * (x(1) - x(0)));
  context.fillStyle = colour;
  values.forEach((value, i) => {
    if (value === base) return;
    const [top, bottom] = [y(value), y(base)].sort((a, b) => a - b);
    context.fillRect(x(i) - width / 2, top, width, Math.max(bottom - top, 0.5));
  });
}

// Places of the bands, with ticks where round frequencies lie between their centres.
function bandAxis(context, { columns, rows }, count, colours) {
  const x = linearScale([-0.6, count - 0.4], columns);
  const step = hzToMel(RATE / 2) / (count + 1);
  for (const hertz of [500, 1000, 2000])
    verticalTick(context, (f) => x(hzToMel(f) / step - 1), hertz, [rows[1], rows[0]], colours, {
      label: hertz < 1000 ? `${hertz} Hz` : `${hertz / 1000} kHz`,
    });
  return x;
}

export const drawMel = view((context, box, { energies, state }, colours) => {
  const x = bandAxis(context, box, state.n_mels, colours);
  const y = linearScale([0, 1.05 * (peakOf(energies) || 1)], box.rows);
  rowTick(context, y(0), "0", box.columns, colours);
  paintBars(context, energies, { x, y, base: 0, colour: colours.second });
});

export const drawLog = view((context, box, scene, colours) => {
  const { log, envelope, state, greatestLog } = scene;
  const x = bandAxis(context, box, state.n_mels, colours);
  const y = linearScale([greatestLog - LOG_RANGE, greatestLog + 1], box.rows);
  for (const tick of y.ticks(4)) rowTick(context, y(tick), formatNumber(tick), box.columns, colours);
  const base = y.domain[0];
  const inside = (values) => Array.from(values, (value) => Math.max(value, base));
  paintBars(context, inside(log), { x, y, base, colour: colours.second });
  const line = inside(envelope).map((value, m) => [x(m), y(value)]);
  polyline(context, line, { colour: colours.halo, width: 5 });
  polyline(context, line, { colour: colours.path, width: 2.25 });
});

// c₁ … c₁₂; c₀ is the level alone, of another size, and stands in the title.
export const drawCepstrum = view((context, { columns, rows }, scene, colours) => {
  const x = linearScale([0.4, MOST_KEPT - 0.4], columns);
  const y = linearScale([-1.1 * scene.greatestShape, 1.1 * scene.greatestShape], rows);
  for (const tick of y.ticks(4)) rowTick(context, y(tick), formatNumber(tick), columns, colours);
  const style = { colour: colours.muted, font: colours.font, align: "center" };
  for (const n of [1, 4, 8, 12]) write(context, `${n}`, x(n), rows[0] + 14, style);
  const kept = Array.from(scene.all, (value, n) => (n > 0 && n < scene.state.n_mfcc ? value : 0));
  const lost = Array.from(scene.all, (value, n) => (n >= scene.state.n_mfcc ? value : 0));
  for (const [values, colour] of [
    [lost, colours.grid],
    [kept, colours.path],
  ])
    paintBars(context, values.slice(1), { x: (i) => x(i + 1), y, base: 0, colour });
});
