// The sound with the part that is heard, the word as the network sees it, and the bars of the ten digits.
import { segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { shadeGrid } from "../shared/grid.js";
import { linearScale } from "../shared/scale.js";
import { CLIP_RATE } from "../shared/sound/clips.js";
import { outline } from "../shared/sound/waveform.js";
import { parseColour } from "../shared/theme.js";
import { SETS } from "./presets.js";

const MARGIN = { left: 10, right: 10, top: 4, bottom: 20 };
const BARS = { left: 40, right: 4, top: 10, bottom: 22 };
export const SET_COLOURS = { clipped: "first", damped: "second", unclipped: "third" };

export function soundScale({ width }, { sound }) {
  const end = sound.samples.length / CLIP_RATE;
  return linearScale([0, end], [MARGIN.left, width - MARGIN.right]);
}

export function edgeHeight({ height }) {
  return (MARGIN.top + height - MARGIN.bottom) / 2;
}

export function drawSound(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = soundScale(box, scene);
  const rows = [MARGIN.top, box.height - MARGIN.bottom];
  const [left, right] = scene.cut.map(x);
  context.fillStyle = colours.zone;
  context.fillRect(left, rows[0], right - left, rows[1] - rows[0]);
  for (const tick of x.ticks(5))
    verticalTick(context, x, tick, rows, colours, { label: tick ? `${formatNumber(tick)} s` : "0" });
  for (const [samples, colour, range] of [
    [scene.sound.samples, colours.muted, x.range],
    [scene.heard, colours.ink, [left, right]],
  ]) {
    Object.assign(context, { strokeStyle: colour, lineWidth: 1 });
    context.stroke(outline(samples, range, rows));
  }
  const [from, to] = scene.seen.seconds.map((time) => x(scene.cut[0] + time));
  segment(context, [from, rows[1] - 2], [to, rows[1] - 2], { colour: colours.path, width: 4 });
  for (const edge of [left, right])
    segment(context, [edge, rows[0]], [edge, rows[1]], { colour: colours.path, width: 1.5 });
}

// Values above zero in one colour and below it in another, each as strong as its size.
function paintImage(context, rows, [left, top, width, height], colours) {
  const count = rows[0].length;
  const values = new Float64Array(rows.length * count);
  rows.forEach((row, t) => row.forEach((value, m) => (values[m * rows.length + t] = value)));
  const most = values.reduce((peak, x) => Math.max(peak, Math.abs(x)), 1e-9);
  const grid = { values, columns: rows.length, rows: count };
  context.imageSmoothingEnabled = false;
  for (const [colour, sign] of [
    [colours.first, 1],
    [colours.path, -1],
  ]) {
    const picture = shadeGrid(grid, parseColour(colour), (value) => Math.max(0, (sign * value) / most));
    context.drawImage(picture, left, top, width, height);
  }
  Object.assign(context, { strokeStyle: colours.grid, lineWidth: 1 });
  context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
}

export function drawSeen(stage, { seen }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const half = (box.width - 2 * MARGIN.left - 12) / 2;
  const height = box.height - 18;
  const style = { colour: colours.muted, font: colours.font };
  [
    [seen.levels, "level"],
    [seen.slopes, "slope"],
  ].forEach(([rows, name], i) => {
    const left = MARGIN.left + i * (half + 12);
    paintImage(context, rows, [left, 0, half, height], colours);
    write(context, name, left, box.height - 4, style);
  });
}

export function drawBars(stage, { verdicts, state, chosen }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const x = linearScale([-0.5, 9.5], [BARS.left, box.width - BARS.right]);
  const y = linearScale([0, 1], [box.height - BARS.bottom, BARS.top]);
  const style = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
  for (const tick of [0, 0.5, 1]) {
    segment(context, [x.range[0], y(tick)], [x.range[1], y(tick)], { colour: colours.grid });
    write(context, `${100 * tick} %`, x.range[0] - 4, y(tick), style);
  }
  const width = (0.8 * (x(1) - x(0))) / SETS.length;
  SETS.forEach((name, i) => {
    context.fillStyle = colours[SET_COLOURS[name]];
    context.globalAlpha = name === state.weights ? 1 : 0.5;
    verdicts[name].probabilities.forEach((share, digit) => {
      const left = x(digit) + (i - SETS.length / 2) * width;
      context.fillRect(left, y(share), width - 1, Math.max(y(0) - y(share), 0.75));
    });
  });
  context.globalAlpha = 1;
  for (let digit = 0; digit < 10; digit++) {
    const heard = digit === chosen.digit;
    const place = { colour: heard ? colours.ink : colours.muted, font: colours.font, align: "center" };
    write(context, `${digit}`, x(digit), y(0) + 16, { ...place, size: 13, weight: heard ? "700" : "" });
  }
}
