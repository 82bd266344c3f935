// Taylor model explorer: one state, three linked views. Pure mathematics is in functions and models.
import { element } from "../shared/controls.js";
import { frameLoop } from "../shared/frame.js";
import { announcer } from "../shared/live.js";
import { bindModel } from "../shared/state.js";
import { followTheme, readColours } from "../shared/theme.js";
import { drawCurve } from "./curve.js";
import { drawErrors } from "./errors.js";
import { drawGauge } from "./gauge.js";
import { buildFrame, buildStages } from "./layout.js";
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
  const badge = element("span", "hnrc-outcome", outcome);
  badge.dataset.kind = scene.verdict;
  frame.state.replaceChildren(element("span", "hnrc-sentence", sentence), " ", badge);
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

function start(model, el, signal) {
  const frame = buildFrame();
  let draw = () => {};
  const redraw = frameLoop(() => draw(), signal);
  const bound = bindModel(model, SCHEMA, { changed: redraw, signal });
  const first = bound.read(); // a bad first state stops here, before anything is shown
  el.append(frame.root);
  signal.addEventListener("abort", () => frame.root.remove(), { once: true });
  const stages = buildStages(frame, signal, redraw);
  const controls = buildControls(frame, stages, createActions(bound), signal);
  const painter = createPainter(frame, stages, controls, announcer(frame.root, signal));
  const retheme = () => {
    painter.readTheme();
    redraw();
  };
  followTheme(el, frame.root, retheme, signal);
  painter.readTheme();
  painter.paint(first);
  draw = () => {
    frame.problem.textContent = "";
    try {
      painter.paint(bound.read());
    } catch (error) {
      console.error(error);
      frame.problem.textContent = `Not drawn: ${error.message}`;
    }
  };
}

function render({ model, el }) {
  const lifetime = new AbortController();
  try {
    start(model, el, lifetime.signal);
  } catch (error) {
    lifetime.abort();
    throw error;
  }
  return () => lifetime.abort();
}

export default { render };
