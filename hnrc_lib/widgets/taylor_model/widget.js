// Taylor model explorer: one state, three linked views. Pure mathematics is in functions and models.
import { element } from "../shared/controls.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { readColours } from "../shared/theme.js";
import { drawCurve } from "./curve.js";
import { drawErrors } from "./errors.js";
import { drawGauge } from "./gauge.js";
import { buildFrame, makeStages } from "./layout.js";
import { errorSlopes, inspect, modelErrors } from "./models.js";
import { buildControls, updateControls } from "./panel.js";
import { advance, optimum, preset, SCHEMA } from "./presets.js";
import { FORMULAS, tellCurve, tellErrors, tellGain, tellOutcome, tellSlopes, tellState } from "./words.js";

const COLOURS = "muted grid first second path region zone halo page good bad".split(" ");

function sceneOf(state) {
  const found = inspect(state);
  const errors = modelErrors(state.function, state.point, found.here, state.radius);
  return { state, ...found, errors, slopes: errorSlopes(state.function, state.point) };
}

// The three views from one state.
function createPainter(frame, stages, controls, say) {
  let colours = null;
  const readTheme = () => (colours = readColours(frame.root, COLOURS));
  const paint = (state) => {
    const scene = sceneOf(state);
    updateControls(controls, scene);
    drawCurve(stages.curve, scene, colours);
    drawErrors(stages.errors, scene, colours);
    drawGauge(stages.gauge, scene, colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function tell(frame, stages, scene, say) {
  const [sentence, outcome] = [tellState(scene), tellOutcome(scene)];
  frame.formula.textContent = FORMULAS[scene.state.function];
  frame.errors.title.textContent = `Error against |Δ|: ${tellSlopes(scene.slopes)}`;
  frame.gauge.title.textContent = "Gain ratio: actual over predicted fall";
  frame.state.replaceChildren(
    element("span", "hnrc-sentence", sentence),
    " ",
    badge(outcome, scene.verdict),
  );
  stages.curve.describe(tellCurve(scene));
  stages.errors.describe(tellErrors(scene));
  stages.gauge.describe(`${tellGain(scene)} ${outcome}`);
  say(`${sentence} ${outcome}`);
}

function createActions({ read, write }) {
  return {
    write,
    choose: (name) => write(preset(name)),
    step: () => write(advance(read())),
    optimal: () => write(optimum(read())),
    reset: () => write(preset(read().function)),
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
