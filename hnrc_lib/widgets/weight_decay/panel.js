// The weight decay explorer's choices, sliders, buttons and two handles, and how they show the state.
import { button, segmented, sliderRows } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { evenPositions } from "../shared/scale.js";
import { planeScales, REACH, shapeTip } from "./plane.js";
import { nextZero, SCHEMA } from "./scene.js";
import { PENALTY_LABELS, STEP_LABELS, tellOptimum, tellShape } from "./words.js";

const [{ min: LEAST, max: GREATEST }, { max: LARGEST }] = [SCHEMA.learning_rate, SCHEMA.strength];
const SLIDERS = {
  strength: ["decay", "λ", evenPositions({ low: 0, high: LARGEST, step: 0.01 })],
  learning_rate: ["step length", "η", evenPositions({ low: LEAST, high: GREATEST, step: 0.05 })],
};
const NO_ZERO = {
  l1: "θ* = 0 is at 0 without decay",
  l2: "L2 brings no coordinate to exactly 0",
  decoupled: "Decoupled decay brings no coordinate to exactly 0",
};

// The shape's handle moves by its flat direction in hundreds of degrees and by √κ, which are about as long.
function shapeOf({ ratio, angle }) {
  return [angle / 100, Math.sqrt(ratio)];
}

function shapeFrom([hundreds, root]) {
  return { angle: Number((100 * hundreds).toFixed(1)), ratio: Number((root * root).toFixed(3)) };
}

// `held` is the state that the handles were last shown.
function buildHandles(plane, stage, held, write, signal) {
  const scales = () => planeScales(stage.box);
  const toPixels = ([x, y]) => [scales().x(x), scales().y(y)];
  const fromPixels = ([x, y]) => [scales().x.invert(x), scales().y.invert(y)];
  const shape = dragHandle({
    plane,
    label: "Shape of the loss",
    bounds: [
      [SCHEMA.angle.min / 100, SCHEMA.angle.max / 100],
      [1, Math.sqrt(SCHEMA.ratio.max)],
    ],
    step: 0.05,
    pressable: false,
    toPixels: (form) => toPixels(shapeTip({ ...held.state, ...shapeFrom(form) })),
    fromPixels: (pixel) => {
      const [x, y] = fromPixels(pixel).map((value, i) => value - held.state.optimum[i]);
      return [(1.8 * Math.atan2(y, x)) / Math.PI, Math.hypot(x, y) / REACH];
    },
    describe: (form) => tellShape(shapeFrom(form)),
    moved: (form) => write(shapeFrom(form)),
    signal,
  });
  shape.element.classList.add("hnrc-shape");
  const optimum = dragHandle({
    ...{ plane, label: "Minimum of the loss θ*", bounds: SCHEMA.optimum.point, step: 0.05 },
    ...{ toPixels, fromPixels, describe: tellOptimum, moved: (point) => write({ optimum: point }), signal },
  });
  return { shape, optimum };
}

// Everything a reader operates; `act` holds what the choices do.
export function buildControls(frame, stages, act, signal) {
  const held = { state: null };
  const choose = (label, options, name) =>
    segmented({ label, options, changed: (value) => act.write({ [name]: value }), signal });
  const penalty = choose("Decay", PENALTY_LABELS, "penalty");
  const steps = choose("Steps", STEP_LABELS, "steps");
  frame.bar.append(penalty.element, steps.element);
  const placeOf = () => frame.sliders;
  const sliders = sliderRows(SLIDERS, { placeOf, format: formatExact, write: act.write, signal });
  const zero = button({ label: "Next zero", clicked: act.zero, signal });
  const title = "Back to the first settings";
  const reset = button({ label: "Reset", title, clicked: act.reset, signal });
  frame.buttons.append(zero.element, reset.element);
  const handles = buildHandles(frame.plane, stages.plane, held, act.write, signal);
  return { held, penalty, steps, sliders, zero, handles };
}

export function updateControls(controls, state) {
  controls.held.state = state;
  controls.penalty.update(state.penalty);
  controls.steps.update(state.steps);
  for (const [name, row] of Object.entries(controls.sliders)) row.update(state[name]);
  const next = nextZero(state);
  const hint = next === null ? NO_ZERO[state.penalty] : "The next λ at which a coordinate of the minimum becomes 0";
  controls.zero.update({ disabled: next === null, hint });
  controls.handles.shape.update(shapeOf(state));
  controls.handles.optimum.update(state.optimum);
}
