// Weight decay explorer: one state, four linked views. Pure mathematics is in quadratic, runs and scene.
import { element } from "../shared/controls.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { readColours } from "../shared/theme.js";
import { drawEigenvalues, drawPath, drawSteps } from "./charts.js";
import { buildFrame, makeStages } from "./layout.js";
import { buildControls, updateControls } from "./panel.js";
import { drawPlane } from "./plane.js";
import { FIRST, inspect, nextZero, SCHEMA } from "./scene.js";
import { FORMULAS, HESSIANS, outcomeKind, tellOutcome, tellState } from "./words.js";

const COLOURS = "muted grid level first second path region zone halo page".split(" ");

function tell(frame, stages, scene, say) {
  const [sentence, outcome] = [tellState(scene), tellOutcome(scene)];
  const { penalty } = scene.state;
  frame.root.dataset.penalty = penalty;
  frame.formula.textContent = FORMULAS[penalty];
  frame.eigenvalues.title.textContent = HESSIANS[penalty];
  const told = element("span", "hnrc-sentence", sentence);
  frame.state.replaceChildren(told, " ", badge(outcome, outcomeKind(scene)));
  stages.plane.describe(`The plane of parameters. ${sentence}`);
  stages.path.describe(`The minimum against λ. ${sentence}`);
  stages.steps.describe(`Both coordinates against the step. ${outcome}`);
  const { bare, shifted } = scene.eigenvalues;
  stages.eigenvalues.describe(`${HESSIANS[penalty]}: ${bare.join(" and ")} become ${shifted.join(" and ")}.`);
  say(`${sentence} ${outcome}`);
}

function createPainter(frame, stages, controls, say) {
  let colours = null;
  const readTheme = () => {
    const { path, second, ...rest } = readColours(frame.root, COLOURS);
    colours = { ...rest, second, subgradient: path, proximal: second, l2: path, decoupled: path };
  };
  const paint = (state) => {
    const scene = inspect(state);
    updateControls(controls, state);
    drawPlane(stages.plane, scene, colours);
    drawPath(stages.path, scene, colours);
    drawSteps(stages.steps, scene, colours);
    drawEigenvalues(stages.eigenvalues, scene, colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function createActions({ read, write }) {
  return {
    write,
    zero: () => write({ strength: nextZero(read()) }),
    reset: () => write(structuredClone(FIRST)),
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
