// The features explorer's sources, sliders, buttons and its handle on the time axis.
import { button, segmented, sliderRows } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { integerPositions } from "../shared/scale.js";
import { buildPicker } from "../shared/sound/picker.js";
import { HOP, RATE } from "./analysis.js";
import { STAGES } from "./hearing.js";
import { BANDS, MOST_KEPT } from "./presets.js";
import { handleHeight, timelineScales } from "./timeline.js";
import { LISTEN, tellFrame } from "./words.js";

const SLIDERS = {
  n_mels: ["mel bands", "M", integerPositions({ low: BANDS[0], high: BANDS[1] })],
  n_mfcc: ["coefficients kept", "n", integerPositions({ low: 1, high: MOST_KEPT })],
};

// `held` is the scene that the handle was last shown.
function buildHandle(frame, stage, held, act, signal) {
  const scales = () => timelineScales(stage.box, held.scene);
  const bounds = [
    [0, 0],
    [0, 0],
  ];
  const handle = dragHandle({
    plane: frame.plane,
    label: "Frame",
    bounds,
    step: 1,
    line: true,
    toPixels: ([index]) => [scales().x((index * HOP) / RATE), handleHeight(scales())],
    fromPixels: ([x]) => [(scales().x.invert(x) * RATE) / HOP, 0],
    describe: () => tellFrame(held.scene),
    moved: ([index]) => act.write({ frame: Math.round(index) }),
    signal,
  });
  const update = ({ index, count }) => {
    bounds[0][1] = count - 1;
    handle.element.setAttribute("aria-valuemax", count - 1);
    handle.update([index, 0]);
  };
  return { update };
}

function listenButtons(frame, act, signal) {
  return Object.fromEntries(
    STAGES.map((stage) => {
      const made = button({ label: "Listen", title: LISTEN[stage], clicked: () => act.listen(stage), signal });
      made.element.setAttribute("aria-label", LISTEN[stage]);
      frame.panels[stage].panel.append(made.element);
      return [stage, made];
    }),
  );
}

export function buildControls(frame, stages, { sounds, act, signal }) {
  const held = { scene: null };
  const picker = buildPicker(frame, sounds, { choose: act.choose, ready: act.loudest, hush: act.hush, signal });
  const placeOf = () => frame.sliders;
  const sliders = sliderRows(SLIDERS, { placeOf, format: formatExact, write: act.write, signal });
  const emphasis = segmented({
    label: "Pre-emphasis",
    options: [
      ["off", "As recorded"],
      ["on", "Pre-emphasis"],
    ],
    changed: (value) => act.write({ emphasis: value }),
    signal,
  });
  const loudest = button({ label: "Loudest frame", clicked: act.loudest, signal });
  const reset = button({ label: "Reset", title: "The first clip and settings", clicked: act.reset, signal });
  frame.buttons.append(emphasis.element, loudest.element, reset.element);
  const listen = listenButtons(frame, act, signal);
  const handle = buildHandle(frame, stages.sound, held, act, signal);
  return { held, picker, sliders, emphasis, listen, handle };
}

export function updateControls(controls, scene, playing) {
  controls.held.scene = scene;
  controls.picker.update(scene.state.clip);
  controls.sliders.n_mels.update(scene.state.n_mels);
  controls.sliders.n_mfcc.update(scene.state.n_mfcc);
  controls.emphasis.update(scene.state.emphasis);
  controls.handle.update(scene);
  for (const [stage, made] of Object.entries(controls.listen))
    made.update({ text: stage === playing ? "Stop" : "Listen" });
}
