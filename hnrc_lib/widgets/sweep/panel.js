// The sweep explorer's choices, the cell to move, buttons and the list of misread clips.
import { button, segmented, sliderRow } from "../shared/controls.js";
import { formatNumber } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { integerPositions } from "../shared/scale.js";
import { best } from "./presets.js";
import { cellAt, cellBox, placeAt } from "./sweep.js";
import { MEASURE_LABELS, tellError, tellPlace } from "./words.js";

const matrixShape = ({ shape }) => [shape[0], shape[2]];

function buildHandle(plane, stage, act, signal) {
  const first = act.scene();
  const shape = matrixShape(first.sweep);
  const handle = dragHandle({
    plane,
    label: "Damping and clipping",
    bounds: [[1, shape[1]], [1, shape[0]]], // prettier-ignore
    step: 1,
    down: true,
    toPixels([column, row]) {
      const { x, y, wide, tall } = cellBox([row - 1, column - 1], shape, stage.box);
      return [x + wide / 2, y + tall / 2];
    },
    fromPixels: (pixel) => placeAt(pixel, shape, stage.box).reverse().map((place) => place + 1), // prettier-ignore
    describe: () => tellPlace(act.scene().sweep, act.scene().at),
    moved: ([column, row]) => act.write({ damping: Math.round(row), clip: Math.round(column) }),
    signal,
  });
  const onKey = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    act.pin();
  };
  handle.element.addEventListener("keydown", onKey, { signal });
  const resize = () => {
    const { wide, tall } = cellBox([0, 0], shape, stage.box);
    handle.element.style.setProperty("--wide", `${wide}px`);
    handle.element.style.setProperty("--tall", `${tall}px`);
  };
  return { ...handle, resize };
}

function followPointer(plane, stage, act, signal) {
  const over = (event) => {
    if (event.pointerType !== "mouse") return;
    const box = plane.getBoundingClientRect();
    act.hover(cellAt([event.clientX - box.left, event.clientY - box.top], matrixShape(act.scene().sweep), stage.box));
  };
  plane.addEventListener("pointermove", over, { signal });
  plane.addEventListener("pointerleave", () => act.hover(null), { signal });
}

// Everything a reader operates; `act` holds what the choices do.
export function buildControls(frame, stages, act, signal) {
  const changed = (measure) => act.write({ measure });
  const measure = segmented({ label: "Colour", options: MEASURE_LABELS, changed, signal });
  frame.bar.append(measure.element);
  const decay = sliderRow({
    label: "decay",
    positions: integerPositions({ low: 1, high: act.scene().sweep.shape[1] }),
    format: (place) => formatNumber(act.scene().sweep.axes[1][place - 1]),
    changed: (place) => act.write({ decay: place }),
    signal,
  });
  frame.sliders.append(decay.element);
  const pin = button({ label: "Pin", clicked: act.pin, signal });
  const optimal = button({ label: "Best", clicked: act.optimal, signal });
  const reset = button({ label: "Reset", title: "Back to no damping, decay or clipping", clicked: act.reset, signal });
  frame.buttons.append(pin.element, optimal.element, reset.element);
  followPointer(frame.plane, stages.matrix, act, signal);
  const handle = buildHandle(frame.plane, stages.matrix, act, signal);
  return { act, measure, decay, pin, optimal, handle, clips: buildClips(frame.list, act, signal) };
}

// One button for each clip, made once; those that are misread are put into the list in their order.
function buildClips(list, act, signal) {
  const titles = act.scene().state.titles.split("\n");
  const buttons = titles.map((title, clip) => button({ label: title, clicked: () => act.play(clip), signal }));
  return (scene, playing) => {
    scene.cell.errors.forEach((error) => {
      const mark = playing === String(error.clip) ? "■" : "▶";
      buttons[error.clip].update({ text: `${mark} ${tellError(error, titles[error.clip])}` });
    });
    const wanted = scene.cell.errors.map(({ clip }) => buttons[clip].element);
    const same = wanted.length === list.children.length && wanted.every((el, k) => el === list.children[k]);
    if (!same) list.replaceChildren(...wanted);
  };
}

export function updateControls(controls, scene) {
  const { state, cell, at, pinned } = scene;
  controls.measure.update(state.measure);
  controls.decay.update(at[1] + 1);
  controls.pin.update({ text: pinned === cell ? "Unpin" : "Pin", hint: "Keep this combination’s curves for comparison (Enter)" });
  controls.optimal.update({ disabled: !best(scene), hint: "The least mean at the end, of what is coloured, without divergence" });
  controls.handle.resize();
  controls.handle.update([at[2] + 1, at[0] + 1]);
  controls.clips(scene, controls.act.playing());
}
