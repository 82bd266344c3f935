// The Taylor model explorer's choices, sliders, buttons and two handles, and how they show the state.
import { button, segmented, sliderRows } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { evenPositions, logPositions } from "../shared/scale.js";
import { barHeight, curveScales, roomySide } from "./curve.js";
import { evaluate, WINDOW } from "./functions.js";
import { GREATEST_RADIUS, LEAST_RADIUS } from "./models.js";
import { hasOptimum, SCHEMA } from "./presets.js";
import { FUNCTION_LABELS, NO_TRUST, tellPoint, tellRadius } from "./words.js";

const SLIDERS = {
  point: ["expansion point", "x", evenPositions({ low: WINDOW[0], high: WINDOW[1], step: 0.02 })],
  radius: ["trust radius", "r", logPositions({ low: SCHEMA.radius.min, high: SCHEMA.radius.max })],
};

// `held` is the state that the handles were last shown.
function buildHandles(plane, stage, held, act, signal) {
  const scales = () => curveScales(stage.box, held.state.function);
  const common = { plane, step: 0.05, line: true, signal };
  const point = dragHandle({
    ...common,
    label: "Expansion point x",
    bounds: [WINDOW, [0, 0]],
    toPixels: ([x]) => [scales().x(x), scales().y(evaluate(held.state.function, x).value)],
    fromPixels: ([x]) => [scales().x.invert(x), 0],
    describe: ([x]) => tellPoint(x),
    moved: ([x]) => act.write({ point: x }),
  });
  const radius = dragHandle({
    ...common,
    label: "Trust radius r",
    bounds: [[LEAST_RADIUS, GREATEST_RADIUS], [0, 0]],
    pressable: false,
    toPixels: ([r]) => {
      const end = held.state.point + roomySide(held.state.point) * r;
      return [scales().x(end), barHeight(scales())];
    },
    fromPixels: ([x]) => [roomySide(held.state.point) * (scales().x.invert(x) - held.state.point), 0],
    describe: ([r]) => tellRadius(r),
    moved: ([r]) => act.write({ radius: r }),
  });
  radius.element.classList.add("hnrc-edge");
  return { point, radius };
}

// Everything a reader operates; `act` holds what the choices do.
export function buildControls(frame, stages, act, signal) {
  const held = { state: null };
  const choice = segmented({ label: "Function", options: FUNCTION_LABELS, changed: act.choose, signal });
  frame.bar.append(choice.element);
  const placeOf = () => frame.sliders;
  const sliders = sliderRows(SLIDERS, { placeOf, format: formatExact, write: act.write, signal });
  const step = button({
    label: "Take the step",
    title: "Move x by the step if the gain ratio allows it, and change r by the rule",
    clicked: act.step,
    signal,
  });
  const optimal = button({ label: "Optimal", clicked: act.optimal, signal });
  const title = "Back to the first settings of this function";
  const reset = button({ label: "Reset", title, clicked: act.reset, signal });
  frame.buttons.append(step.element, optimal.element, reset.element);
  const handles = buildHandles(frame.plane, stages.curve, held, act, signal);
  return { held, choice, sliders, step, optimal, handles };
}

export function updateControls(controls, { state, ratio }) {
  controls.held.state = state;
  controls.choice.update(state.function);
  controls.sliders.point.update(state.point);
  controls.sliders.radius.update(state.radius);
  controls.step.update({ disabled: ratio === null });
  const best = hasOptimum(state);
  const hint = best ? "The largest radius up to which the gain ratio stays at ¼ or above" : NO_TRUST;
  controls.optimal.update({ disabled: !best, hint });
  controls.handles.point.update([state.point, 0]);
  controls.handles.radius.update([state.radius, 0]);
}
