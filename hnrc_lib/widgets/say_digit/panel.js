// Say a digit: sources, the choice of weights, the noise, buttons, and the two edges of the part that is heard.
import { button, segmented, sliderRows } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { evenPositions } from "../shared/scale.js";
import { CLIP_RATE } from "../shared/sound/clips.js";
import { buildPicker } from "../shared/sound/picker.js";
import { LEAST } from "./cut.js";
import { SETS, SNR } from "./presets.js";
import { edgeHeight, soundScale } from "./views.js";
import { percent, tellAccuracy, tellPart, tellSource } from "./words.js";

const SLIDERS = { snr: ["noise below the voice, dB", "", evenPositions({ low: SNR[0], high: SNR[1], step: 1 })] };
const EDGES = ["Start of what is heard", "End of what is heard"];

// `held` is the scene that the handles were last shown; each stays a hearing's length from the other.
function buildEdges(frame, stage, held, act, signal) {
  return EDGES.map((label, side) => {
    const handle = dragHandle({
      plane: frame.plane,
      label,
      bounds: [
        [0, 1],
        [0, 0],
      ],
      step: 0.01,
      line: true,
      pressable: false,
      toPixels: () => [soundScale(stage.box, held.scene)(held.scene.cut[side]), edgeHeight(stage.box)],
      fromPixels: ([x]) => [soundScale(stage.box, held.scene).invert(x) / lengthOf(held.scene), 0],
      describe: () => tellPart(held.scene),
      moved([share]) {
        const least = Math.min(1, LEAST / held.scene.sound.samples.length);
        const [start, end] = held.scene.state.part;
        const part = side ? [start, Math.max(share, start + least)] : [Math.min(share, end - least), end];
        act.write({ part: part.map((x) => Math.min(1, Math.max(0, x))) });
      },
      signal,
    });
    return handle;
  });
}

function lengthOf({ sound }) {
  return sound.samples.length / CLIP_RATE;
}

export function buildControls(frame, stages, { sounds, act, signal }) {
  const held = { scene: null };
  const picker = buildPicker(frame, sounds, { choose: act.choose, ready: act.whole, hush: act.hush, signal });
  const sliders = sliderRows(SLIDERS, { placeOf: () => frame.sliders, format: formatExact, write: act.write, signal });
  const options = SETS.map((name) => [name, name[0].toUpperCase() + name.slice(1)]);
  const changed = (weights) => act.write({ weights });
  const weights = segmented({ label: "Weights", options, changed, signal });
  const title = "The first clip, whole and without noise";
  const reset = button({ label: "Reset", title, clicked: act.reset, signal });
  frame.buttons.append(weights.element, reset.element);
  const listen = button({ label: "Listen", title: "Listen to what the network hears", clicked: act.listen, signal });
  listen.element.setAttribute("aria-label", "Listen to what the network hears");
  frame.left.append(listen.element);
  return { held, picker, sliders, weights, listen, edges: buildEdges(frame, stages.sound, held, act, signal) };
}

export function updateControls(controls, scene, playing) {
  controls.held.scene = scene;
  controls.picker.update(scene.state.clip);
  controls.sliders.snr.update(scene.state.snr);
  controls.weights.update(scene.state.weights);
  controls.edges.forEach((edge, side) => edge.update([scene.state.part[side], 0]));
  controls.listen.update({ text: playing ? "Stop" : "Listen" });
}

export function updateTable(frame, scene) {
  for (const [name, { row, cells }] of Object.entries(frame.rows)) {
    const { digit, sure } = scene.verdicts[name];
    const texts = [`${digit}`, percent(sure), tellAccuracy(scene, name)];
    cells.forEach((cell, i) => (cell.textContent = texts[i]));
    row.classList.toggle("hnrc-chosen", name === scene.state.weights);
  }
  frame.answer.textContent = `${scene.chosen.digit}`;
  frame.caption.textContent = tellSource(scene);
}
