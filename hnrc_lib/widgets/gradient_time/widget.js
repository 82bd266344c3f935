// The gradient through time: one state, two linked views. Pure mathematics is in cells and scene.
import { element } from "../shared/controls.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { readColours } from "../shared/theme.js";
import { drawCurve } from "./curve.js";
import { drawHeat, heatColours } from "./heat.js";
import { buildFrame, makeStages } from "./layout.js";
import { buildControls, updateControls } from "./panel.js";
import { balance, FIRST, inspect, SCHEMA } from "./scene.js";
import { FORMULAS, tellCurve, tellOutcome, tellState } from "./words.js";

const COLOURS = "muted grid first second third path zone halo page".split(" ");

function tell(frame, stages, scene, say) {
  const [sentence, outcome] = [tellState(scene), tellOutcome(scene)];
  frame.root.dataset.cell = scene.state.cell;
  frame.formula.textContent = FORMULAS[scene.state.cell];
  frame.curve.title.textContent = tellCurve(scene);
  const told = element("span", "hnrc-sentence", sentence);
  frame.state.replaceChildren(told, " ", badge(outcome, scene.lost?.how ?? "carried"));
  stages.heat.describe(`The gain from every step back to every earlier one. ${sentence}`);
  stages.curve.describe(`${tellCurve(scene)}. ${outcome}`);
  say(`${sentence} ${outcome}`);
}

function createPainter(frame, stages, controls, say) {
  let colours = null;
  const readTheme = () => {
    const read = readColours(frame.root, COLOURS);
    colours = { ...read, heat: heatColours(read) };
  };
  const paint = (state) => {
    const scene = inspect(state);
    updateControls(controls, state);
    drawHeat(stages.heat, scene, colours);
    drawCurve(stages.curve, scene, colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function createActions({ read, write }) {
  return {
    write,
    balance: () => write(balance(read())),
    reset: () => write({ ...FIRST }),
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
