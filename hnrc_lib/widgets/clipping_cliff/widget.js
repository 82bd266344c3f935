// Clipping on a cliff: one state, four linked views. Pure mathematics is in cliff, rules and levels.
import { element } from "../shared/controls.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { remembered } from "../shared/remembered.js";
import { readColours } from "../shared/theme.js";
import { walker } from "../shared/walk.js";
import { drawAngle } from "./angle.js";
import { buildFrame, makeStages } from "./layout.js";
import { drawLengths } from "./lengths.js";
import { buildControls, updateControls } from "./panel.js";
import { drawPlane, drawUnderlay } from "./plane.js";
import { PRESET, SCHEMA } from "./presets.js";
import { drawResponse } from "./response.js";
import { descend, inspectStep, steepest } from "./rules.js";
import {
  outcomeKind,
  RULES,
  tellAngle,
  tellClipping,
  tellLengths,
  tellOutcome,
  tellPlain,
  tellPoint,
  tellResponse,
  tellStep,
} from "./words.js";

const COLOURS = "muted grid level basin path plain gradient halo page veil".split(" ");

// What all views draw: the run, the one without clipping unless that is the run, and the step shown.
function prepare(state, plainRun) {
  const run = descend(state);
  const plain = state.rule === "none" ? null : plainRun(state.start, state.learning_rate, state.steps);
  return { state, run, plain, steep: steepest(run), ...inspectStep(run, state.current) };
}

function createPainter(frame, stages, controls, say) {
  let painted = "";
  let colours = null;
  const plainRun = remembered((start, learning_rate, steps) =>
    descend({ rule: "none", start, learning_rate, steps }),
  );
  const readTheme = () => {
    colours = readColours(frame.root, COLOURS);
    painted = "";
  };
  const paint = (state) => {
    const scene = prepare(state, plainRun);
    const { width, height } = stages.underlay.box;
    const paintKey = `${width} ${height} ${window.devicePixelRatio}`;
    if (paintKey !== painted) drawUnderlay(stages.underlay, colours);
    painted = paintKey;
    updateControls(controls, scene);
    drawPlane(stages.plane, scene, colours);
    drawResponse(stages.response, scene, colours);
    drawAngle(stages.angle, scene, colours);
    drawLengths(stages.lengths, scene, colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function tell(frame, stages, scene, say) {
  const { state, run, plain, angle } = scene;
  const [sentence, outcome, without] = [tellStep(scene), tellOutcome(run), tellPlain(plain)];
  frame.rule.textContent = RULES[state.rule];
  frame.angle.title.textContent = `Step and −g: ${tellAngle(angle)}`;
  frame.angle.note.textContent = tellClipping(scene);
  const kind = badge(outcome, outcomeKind(run));
  frame.state.replaceChildren(element("span", "hnrc-sentence", sentence), " ", kind, " ", without);
  stages.plane.describe(`Path in the parameter plane from ${tellPoint(state.start)}. ${outcome} ${without}`);
  stages.response.describe(tellResponse(scene));
  stages.angle.describe(`The step and the negative gradient: ${tellAngle(angle)}. ${tellClipping(scene)}`);
  stages.lengths.describe(tellLengths(run));
  say(`${sentence} ${outcome}`);
}

// A new rule or start shows the step that decides: the one with the largest gradient.
function createActions(bound, redraw, signal) {
  const { read, write } = bound;
  const last = () => descend(read()).moves.length;
  const writeSteepest = (changes) =>
    write({ ...changes, current: steepest(descend({ ...read(), ...changes })) });
  return {
    write,
    walk: walker({ bound, first: 1, last, redraw, signal }),
    chooseRule: (rule) => writeSteepest({ rule }),
    moveStart: (start) => writeSteepest({ start }),
    steepest: () => writeSteepest({}),
    reset: () => writeSteepest(PRESET),
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
