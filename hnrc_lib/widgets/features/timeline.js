// The waveform above the log mel bands of all its frames, on one time axis; the frame chosen across both.
import { segment, verticalTick, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { formatNumber } from "../shared/format.js";
import { shadeGrid } from "../shared/grid.js";
import { clamp, linearScale } from "../shared/scale.js";
import { hzToMel } from "../shared/sound/features.js";
import { outline } from "../shared/sound/waveform.js";
import { parseColour } from "../shared/theme.js";
import { HOP, RATE, WINDOW } from "./analysis.js";

const MARGIN = { left: 40, right: 10, top: 4, bottom: 20 };
const GAP = 8;
const WAVE = 0.46; // of the height
const RANGE = Math.log(1e6); // 60 dB of shades

export function timelineScales({ width, height }, { entered }) {
  const inside = height - MARGIN.top - MARGIN.bottom - GAP;
  const middle = MARGIN.top + WAVE * inside;
  return {
    x: linearScale([0, entered.samples.length / RATE], [MARGIN.left, width - MARGIN.right]),
    wave: [MARGIN.top, middle],
    bands: [middle + GAP, height - MARGIN.bottom],
  };
}

export function handleHeight({ wave }) {
  return (wave[0] + wave[1]) / 2;
}

function paintBands(context, { x, bands }, scene, picture, colours) {
  const { columns } = scene.grid;
  const step = x(HOP / RATE) - x(0);
  context.save();
  context.beginPath();
  context.rect(x.range[0], bands[0], x.range[1] - x.range[0], bands[1] - bands[0]);
  context.clip();
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, x(0) - step / 2, bands[0], step * columns, bands[1] - bands[0]);
  context.restore();
  const top = hzToMel(RATE / 2);
  const style = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
  for (const [hertz, label] of [
    [500, "0.5"],
    [1000, "1"],
    [2000, "2 kHz"],
  ]) {
    const y = bands[1] - ((bands[1] - bands[0]) * hzToMel(hertz)) / top;
    segment(context, [x.range[0] - 4, y], [x.range[0], y], { colour: colours.muted });
    write(context, label, x.range[0] - 6, y, style);
  }
}

function paintFrame(context, { x, wave, bands }, { index }, colours) {
  const at = (index * HOP) / RATE;
  const half = WINDOW / RATE / 2;
  const [left, right] = [at - half, at + half].map((time) => clamp(x(time), ...x.range));
  context.fillStyle = colours.zone;
  context.fillRect(left, wave[0], right - left, bands[1] - wave[0]);
  for (const edge of [left, right])
    segment(context, [edge, wave[0]], [edge, bands[1]], { colour: colours.path, width: 1 });
}

export function createTimeline(stage) {
  let [kept, path, picture] = [[], null, null];
  const refresh = (scene, scales, colours) => {
    const keys = [scene.grid, stage.box.width, stage.box.height, colours.first];
    if (keys.every((key, i) => key === kept[i])) return;
    kept = keys;
    path = outline(scene.entered.samples, scales.x.range, scales.wave);
    const shade = (value) => clamp(1 + (value - scene.greatestLog) / RANGE, 0, 1);
    picture = shadeGrid(scene.grid, parseColour(colours.first), shade);
  };
  return (scene, colours) => {
    if (!beginDrawing(stage)) return;
    const { context, box } = stage;
    const scales = timelineScales(box, scene);
    refresh(scene, scales, colours);
    const rows = [scales.wave[0], scales.bands[1]];
    for (const tick of scales.x.ticks(6)) {
      const label = tick === 0 ? "0" : `${formatNumber(tick)} s`;
      verticalTick(context, scales.x, tick, rows, colours, { label });
    }
    Object.assign(context, { strokeStyle: colours.ink, lineWidth: 1 });
    context.stroke(path);
    paintBands(context, scales, scene, picture, colours);
    paintFrame(context, scales, scene, colours);
  };
}
