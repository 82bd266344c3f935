// Trellis explorer: one state, a trellis, a cell's arithmetic and the gradient. Pure mathematics is in lattice and passes.
import { element } from "../shared/controls.js";
import { player } from "../shared/frame.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { readColours } from "../shared/theme.js";
import { drawGradient } from "./gradient.js";
import { buildFrame, makeStages } from "./layout.js";
import { buildControls, updateControls } from "./panel.js";
import { direction, optimum, reset, SCHEMA } from "./presets.js";
import { home } from "./readings.js";
import { createSurveyor } from "./scene.js";
import { fillTable } from "./table.js";
import { drawTrellis } from "./trellis.js";
import { tellFormula, tellGradient, tellState, tellTrellis, titles } from "./words.js";

const COLOURS = "muted grid line first second path zone halo page".split(" ");
const PERIOD = 260; // ms a frame

function createPainter(frame, stages, controls, say) {
  const { survey, playing } = controls.act;
  let colours = null;
  const readTheme = () => (colours = readColours(frame.root, COLOURS));
  const paint = (state) => {
    const scene = survey(state);
    updateControls(controls, scene, playing());
    drawTrellis(stages.trellis, scene, colours);
    drawGradient(stages.gradient, scene, colours);
    fillTable(frame.table, scene);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function tell(frame, stages, scene, say) {
  const [sentence, outcome] = [tellState(scene), tellGradient(scene)];
  const { gradient, cell } = titles(scene);
  frame.formula.textContent = tellFormula(scene.state);
  frame.gradient.title.textContent = gradient;
  frame.cell.title.textContent = cell;
  frame.caption.textContent = scene.state.caption;
  frame.state.replaceChildren(element("span", "hnrc-sentence", sentence), " ", badge(outcome, scene.state.mode));
  stages.trellis.describe(tellTrellis(scene));
  stages.gradient.describe(outcome);
  say(`${sentence} ${outcome}`);
}

// A walk along the best path: forwards, or backwards where the recursion runs so.
function createWalk({ read, write }, survey, redraw, signal) {
  const now = () => {
    const scene = survey(read());
    return { scene, at: scene.frame + 1, ...direction(scene.state, scene.grid.length) };
  };
  const go = (at, { passes }) => write({ frame: at, row: Math.max(passes.path[at - 1], 0) + 1 });
  const step = () => {
    const { scene, at, last, step: by } = now();
    if (at === last) return false;
    go(at + by, scene);
    return at + by !== last;
  };
  const play = player({ tick: step, period: PERIOD, ended: redraw, signal });
  const toggle = () => {
    if (play.playing()) return play.stop();
    const { scene, at, first, last } = now();
    if (at === last) go(first, scene);
    play.start();
    return redraw();
  };
  return { step, toggle, playing: play.playing };
}

function createActions(bound, redraw, signal) {
  const survey = createSurveyor();
  const { step, toggle, playing } = createWalk(bound, survey, redraw, signal);
  const { read, write } = bound;
  return {
    write,
    step,
    survey,
    playing,
    play: toggle,
    optimal: () => write(optimum(read(), survey(read()).reading)),
    reset() {
      const back = reset(read());
      write({ ...back, ...home(survey({ ...read(), ...back })) });
    },
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
