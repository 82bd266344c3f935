// The choice of the cell, sliders, buttons and the handle of the length, and how they show the state.
import { button, segmented, sliderRows } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { evenPositions, logPositions } from "../shared/scale.js";
import { heatScales } from "./heat.js";
import { canBalance, SCHEMA } from "./scene.js";
import { balanceHint, CELL_LABELS, NO_BALANCE, tellLength } from "./words.js";

const between = ({ min: low, max: high }, step) => evenPositions({ low, high, step });
const { min: LEAST, max: GREATEST } = SCHEMA.threshold;
const SLIDERS = {
  radius: ["spectral radius", "ρ", between(SCHEMA.radius, 0.01)],
  threshold: ["clip at", "c", logPositions({ low: LEAST, high: GREATEST })],
  forget_bias: ["forget bias", "b", between(SCHEMA.forget_bias, 0.1)],
};

export function buildControls(frame, stages, act, signal) {
  const { write } = act;
  const changed = (cell) => write({ cell });
  const cell = segmented({ label: "Cell", options: CELL_LABELS, changed, signal });
  frame.bar.append(cell.element);
  const placeOf = () => frame.sliders;
  const sliders = sliderRows(SLIDERS, { placeOf, format: formatExact, write, signal });
  const balanced = button({ label: "Balance", clicked: act.balance, signal });
  const reset = button({ label: "Reset", title: "Back to the first settings", clicked: act.reset, signal });
  frame.buttons.append(balanced.element, reset.element);
  const scales = () => heatScales(stages.heat.box);
  const length = dragHandle({
    ...{ plane: frame.plane, label: "Sequence length T", step: 1, line: true, signal },
    bounds: [[SCHEMA.length.min, SCHEMA.length.max]],
    toPixels: ([steps]) => [scales().x(steps), scales().y(steps)],
    fromPixels: ([x]) => [scales().x.invert(x)],
    describe: ([steps]) => tellLength(steps),
    moved: ([steps]) => write({ length: Math.round(steps) }),
  });
  return { cell, sliders, balanced, length };
}

export function updateControls({ cell, sliders, balanced, length }, state) {
  cell.update(state.cell);
  for (const [name, row] of Object.entries(sliders)) row.update(state[name]);
  sliders.forget_bias.element.hidden = state.cell !== "lstm";
  const possible = canBalance(state);
  balanced.update({ disabled: !possible, hint: possible ? balanceHint(state) : NO_BALANCE[state.cell] });
  length.update([state.length]);
}
