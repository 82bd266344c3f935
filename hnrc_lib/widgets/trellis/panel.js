// The trellis explorer's choices, label, slider, buttons and chosen cell, and how they show the state.
import { button, element, segmented, selectBox, sliderRow } from "../shared/controls.js";
import { dragHandle } from "../shared/handle.js";
import { integerPositions } from "../shared/scale.js";
import { cellLayout } from "./cells.js";
import { direction, LABEL, LONGEST, optimum, SCHEMA } from "./presets.js";
import { DIGIT_LABELS, MODE_LABELS, QUANTITY_LABELS, tellCell, tellFrame } from "./words.js";

const NO_READING = `The network reads no label of 1 to ${LONGEST} letters here`;

// A field of capital letters and single spaces; what is no label yet is marked and waits.
function labelField(changed, signal) {
  const box = element("label", "hnrc-select hnrc-field");
  const input = Object.assign(document.createElement("input"), {
    type: "text",
    maxLength: LONGEST,
    spellcheck: false,
    autocomplete: "off",
  });
  box.append(element("span", "hnrc-label", "label"), input);
  const typed = () => input.value.toUpperCase();
  const listen = () => {
    const good = LABEL.test(typed());
    input.setAttribute("aria-invalid", String(!good));
    if (good) changed(typed());
  };
  input.addEventListener("input", listen, { signal });
  const update = (label) => {
    if (typed() === label) return;
    if (document.activeElement === input && input.getAttribute("aria-invalid") === "true") return;
    input.value = label;
    input.setAttribute("aria-invalid", "false");
  };
  input.addEventListener("blur", () => input.setAttribute("aria-invalid", "false"), { signal });
  return { element: box, update, input };
}

// `held` is the scene that the handle was last shown; its bounds follow the lattice.
function buildHandle(plane, stage, held, act, signal) {
  const layout = () => cellLayout(stage.box, held.scene.grid.length, held.scene.lattice.names.length);
  const bounds = [
    [1, 1],
    [1, 1],
  ];
  const handle = dragHandle({
    plane,
    label: "Chosen cell",
    bounds,
    step: 1,
    down: true,
    toPixels: ([frame, row]) => layout().centre(frame - 1, row - 1),
    fromPixels: (pixel) => layout().cellAt(pixel).map((index) => index + 1),
    describe: () => tellCell(held.scene),
    moved: ([frame, row]) => act.write({ frame, row }),
    signal,
  });
  const update = ({ frame, row, grid, lattice }) => {
    bounds[0][1] = grid.length;
    bounds[1][1] = lattice.names.length;
    handle.element.setAttribute("aria-valuemax", grid.length);
    const { across, down } = layout();
    handle.element.style.setProperty("--across", `${Math.max(across, 10)}px`);
    handle.element.style.setProperty("--down", `${Math.max(down, 10)}px`);
    handle.update([frame + 1, row + 1]);
  };
  return { update };
}

// Everything a reader operates; `act` holds what the choices do.
export function buildControls(frame, stages, act, signal) {
  const held = { scene: null };
  const one = (name) => (value) => act.write({ [name]: value });
  const mode = segmented({ label: "Model", options: MODE_LABELS, changed: one("mode"), signal });
  const quantity = segmented({ label: "Quantity", options: QUANTITY_LABELS, changed: one("quantity"), signal });
  const label = labelField(one("label"), signal);
  const pick = (digit) => act.write({ digit: Number(digit) });
  const digit = selectBox({ label: "model of", options: DIGIT_LABELS, changed: pick, signal });
  frame.bar.append(mode.element, quantity.element, label.element, digit.element);
  const time = sliderRow({
    label: "frame",
    symbol: "t",
    positions: integerPositions({ low: SCHEMA.frame.min, high: SCHEMA.frame.max }),
    format: (value) => tellFrame(value, held.scene.grid.length),
    changed: one("frame"),
    signal,
  });
  frame.sliders.append(time.element);
  const play = button({ label: "Play", clicked: act.play, signal });
  const step = button({ label: "Step", title: "One frame on", clicked: act.step, signal });
  const optimal = button({ label: "Optimal", clicked: act.optimal, signal });
  const reset = button({ label: "Reset", title: "Back to what was said, where its gradient is largest", clicked: act.reset, signal });
  frame.buttons.append(play.element, step.element, optimal.element, reset.element);
  const handle = buildHandle(frame.plane, stages.trellis, held, act, signal);
  return { act, held, mode, quantity, label, digit, time, play, step, optimal, handle };
}

export function updateControls(controls, scene, playing) {
  const { state, reading, frame, grid } = scene;
  controls.held.scene = scene;
  controls.mode.update(state.mode);
  controls.quantity.update(state.quantity);
  controls.label.update(state.label);
  controls.digit.update(String(state.digit));
  controls.label.element.hidden = state.mode !== "ctc";
  controls.digit.element.hidden = state.mode !== "hmm";
  controls.time.limit(grid.length - 1);
  controls.time.update(frame + 1);
  const { last } = direction(state, grid.length);
  controls.play.update({ text: playing ? "Pause" : "Play", hint: "Walk along the best path, frame by frame" });
  controls.step.update({ disabled: frame + 1 === last });
  const best = optimum(state, reading);
  const hint = state.mode === "ctc" ? "The label that the network itself reads" : "The digit of the likeliest model";
  controls.optimal.update({ disabled: !best, hint: best ? hint : NO_READING });
  controls.handle.update(scene);
}
