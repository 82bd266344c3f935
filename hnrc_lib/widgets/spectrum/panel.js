// The spectrum viewer's choices, sliders, buttons and the handle at λ, and how they show the state.
import { button, segmented, sliderRow } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { clamp, integerPositions, logPositions } from "../shared/scale.js";
import { fromAxis, toAxis } from "./density.js";
import { plotAxis } from "./plot.js";
import { best, GREATEST_DAMPING, SCHEMA } from "./presets.js";
import { SCALE_LABELS, SOURCE_LABELS, tellDamping, tellStage } from "./words.js";

const DAMPINGS = logPositions({ low: 1e-6, high: GREATEST_DAMPING, perDecade: 20, zero: true });
const NOT_NEEDED = "H itself has no negative eigenvalue";

// λ as the handle's coordinate, which every axis spreads alike, and back with three digits.
const toHandle = (damping) => toAxis(damping, "symlog");
const fromHandle = (place) => clamp(Number(fromAxis(place, "symlog").toPrecision(3)), 0, GREATEST_DAMPING);

// `held` is the scene that the handle was last shown.
function buildHandle(plane, stage, held, act, signal) {
  const axis = () => plotAxis(held.scene, stage.box);
  return dragHandle({
    plane,
    label: "Damping λ on the axis",
    bounds: [
      [0, Number(toHandle(GREATEST_DAMPING).toFixed(3))],
      [0, 0],
    ],
    step: 0.1,
    line: true,
    toPixels: ([place]) => [clamp(axis().x(fromHandle(place)), ...axis().range), 0.6 * stage.box.height],
    fromPixels: ([x]) => [toHandle(Math.max(0, axis().invert(x))), 0],
    describe: () => tellDamping(held.scene.state.damping),
    moved: ([place]) => act.write({ damping: fromHandle(place) }),
    signal,
  });
}

// Everything a reader operates; `act` holds what the choices do.
export function buildControls(frame, stages, act, signal) {
  const held = { scene: null };
  const one = (name) => (value) => act.write({ [name]: value });
  const scale = segmented({ label: "Scale", options: SCALE_LABELS, changed: one("scale"), signal });
  const source = segmented({ label: "Density", options: SOURCE_LABELS, changed: one("source"), signal });
  frame.bar.append(scale.element, source.element);
  const stage = sliderRow({
    label: "training",
    positions: integerPositions({ low: SCHEMA.stage.min, high: SCHEMA.stage.max }),
    format: (value) => tellStage(held.scene.stages[value - 1]),
    changed: one("stage"),
    signal,
  });
  const damping = sliderRow({
    label: "damping",
    symbol: "λ",
    positions: DAMPINGS,
    format: formatExact,
    changed: one("damping"),
    signal,
  });
  frame.sliders.append(stage.element, damping.element);
  const optimal = button({ label: "Optimal", clicked: act.optimal, signal });
  const reset = button({ label: "Reset", title: "Back to the end of training and λ = 0.01", clicked: act.reset, signal });
  frame.buttons.append(optimal.element, reset.element);
  const handle = buildHandle(frame.plane, stages.plot, held, act, signal);
  return { act, held, scale, source, stage, damping, optimal, handle };
}

export function updateControls(controls, scene) {
  const { state, stages, index } = scene;
  controls.held.scene = scene;
  controls.scale.update(state.scale);
  controls.source.update(state.source);
  controls.stage.limit(stages.length - 1);
  controls.stage.update(index + 1);
  controls.damping.update(state.damping);
  const found = best(scene);
  const hint = found ? "The least λ that makes H + λI positive definite at this stage" : NOT_NEEDED;
  controls.optimal.update({ disabled: !found, hint });
  controls.handle.update([toHandle(state.damping), 0]);
}
