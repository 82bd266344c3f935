// The widget's sliders, choice, buttons and handle, and how they show the state.
import { button, segmented, sliderRows } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { planeHandle } from "../shared/handle.js";
import { integerPositions, logPositions } from "../shared/scale.js";
import { showWalk } from "../shared/walk.js";
import { WINDOW } from "./cliff.js";
import { planeScales } from "./plane.js";
import { SCHEMA } from "./presets.js";
import { settingOf } from "./rules.js";
import { RULE_LABELS, tellPoint } from "./words.js";

function between({ min, max }) {
  return logPositions({ low: min, high: max });
}

const SLIDERS = {
  threshold: ["threshold", "c", between(SCHEMA.threshold)],
  damping: ["damping", "λ", between(SCHEMA.damping)],
  learning_rate: ["learning rate", "η", between(SCHEMA.learning_rate)],
  current: ["step shown", "k", integerPositions({ low: SCHEMA.current.min, high: SCHEMA.current.max })],
};

// Everything a reader operates; `act` holds what the choices do.
export function buildControls(frame, stages, act, signal) {
  const rule = segmented({ label: "Clipping rule", options: RULE_LABELS, changed: act.chooseRule, signal });
  frame.bar.append(rule.element);
  const placeOf = (name) => (name === "current" ? frame.lengths.panel : frame.sliders);
  const sliders = sliderRows(SLIDERS, { placeOf, format: formatExact, write: act.write, signal });
  const play = button({ label: "Play", title: "Walk through the steps", clicked: act.walk.toggle, signal });
  const hint = "Show the step with the largest gradient";
  const steepest = button({ label: "Steepest step", title: hint, clicked: act.steepest, signal });
  const title = "Back to the first settings, with this rule";
  const reset = button({ label: "Reset", title, clicked: act.reset, signal });
  sliders.current.element.before(play.element);
  frame.buttons.append(steepest.element, reset.element);
  const handle = planeHandle({
    plane: frame.plane,
    stage: stages.plane,
    scalesOf: planeScales,
    label: "Start point θ₀",
    bounds: WINDOW,
    describe: tellPoint,
    moved: act.moveStart,
    signal,
  });
  return { rule, sliders, play, steepest, handle, playing: act.walk.playing };
}

export function updateControls(controls, { state, run, k, steep }) {
  const { threshold, damping, learning_rate: rate, current } = controls.sliders;
  const setting = settingOf(state.rule);
  controls.rule.update(state.rule);
  threshold.element.hidden = setting === "damping";
  damping.element.hidden = setting !== "damping";
  threshold.update(state.threshold, { disabled: setting === null, note: "not used" });
  damping.update(state.damping);
  rate.update(state.learning_rate);
  const { play, playing } = controls;
  const walk = { first: 1, shown: k, last: run.moves.length, end: state.steps, playing: playing() };
  showWalk({ row: current, play }, walk);
  controls.steepest.update({ disabled: k === steep });
  controls.handle.update(state.start);
}
