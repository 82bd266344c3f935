// Damping explorer: one state, four linked views. Pure mathematics is in surfaces, methods and inspect.
import { hatch } from "../shared/axes.js";
import { element } from "../shared/controls.js";
import { formatNumber } from "../shared/format.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { readColours } from "../shared/theme.js";
import { walker } from "../shared/walk.js";
import { drawBasis } from "./basis.js";
import { inspectStep } from "./inspect.js";
import { buildFrame, makeStages } from "./layout.js";
import { drawLosses } from "./losses.js";
import { descend, optimum } from "./methods.js";
import { buildControls, updateControls } from "./panel.js";
import { drawPlane, drawUnderlay, surveySurface } from "./plane.js";
import { preset, PRESET_CONDITION, presetStart, SCHEMA } from "./presets.js";
import { drawSpectrum } from "./spectrum.js";
import {
  FACTORS,
  RULES,
  tellBasis,
  tellLosses,
  tellOutcome,
  tellPoint,
  tellSpectrum,
  tellState,
} from "./words.js";

const COLOURS = "muted grid level basin path first second halo page veil zone stripe".split(" ");

// The four views from one state; keeps what only depends on the surface.
function createPainter(frame, stages, controls, say) {
  let survey = null;
  let surveyed = "";
  let painted = "";
  const themed = { colours: null };
  const readTheme = () => {
    const colours = readColours(frame.root, COLOURS);
    themed.colours = { ...colours, hatching: hatch(stages.plane.context, colours.stripe) };
    painted = "";
  };
  const paint = (state) => {
    const run = descend(state);
    const shown = inspectStep(state, run, state.current);
    const surfaceKey = `${state.surface} ${state.condition_number}`;
    if (surfaceKey !== surveyed) survey = surveySurface(state);
    surveyed = surfaceKey;
    const { width, height } = stages.underlay.box;
    const paintKey = `${surfaceKey} ${width} ${height} ${window.devicePixelRatio}`;
    if (paintKey !== painted) drawUnderlay(stages.underlay, { state, survey }, themed.colours);
    painted = paintKey;
    updateControls(controls, state, { shown: shown.k, last: run.points.length - 1 });
    const scene = { state, run, survey, ...shown };
    drawPlane(stages.plane, scene, themed.colours);
    drawSpectrum(stages.spectrum, scene, themed.colours);
    drawBasis(stages.basis, scene, themed.colours);
    drawLosses(stages.losses, scene, themed.colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function tell(frame, stages, scene, say) {
  const { state, run, k } = scene;
  const [sentence, outcome] = [tellState(scene), tellOutcome(run)];
  frame.rule.textContent = RULES[state.method];
  const moved = scene.damping > 0 ? `, moved by λ = ${formatNumber(scene.damping)}` : "";
  frame.spectrum.title.textContent = `Eigenvalues of H at step ${k}${moved}`;
  const direction = element("span");
  direction.append(element("span", "hnrc-box"), "∇f ", element("span", "hnrc-box hnrc-box-full"), "step");
  frame.basis.title.replaceChildren(direction, element("span", "", FACTORS[state.method]));
  frame.losses.title.textContent = "Loss by step";
  const outcomeBadge = badge(outcome, run.outcome.kind);
  frame.state.replaceChildren(element("span", "hnrc-sentence", sentence), " ", outcomeBadge);
  stages.plane.describe(`Path in the parameter plane from ${tellPoint(state.start)}. ${outcome}`);
  stages.spectrum.describe(tellSpectrum(scene));
  stages.basis.describe(tellBasis(scene));
  stages.losses.describe(tellLosses(run.losses));
  say(`${sentence} ${outcome}`);
}

function createActions(bound, redraw, signal) {
  const { read, write } = bound;
  const last = () => descend(read()).points.length - 1;
  return {
    write,
    walk: walker({ bound, last, redraw, signal }),
    chooseSurface: (surface) =>
      write({ surface, start: presetStart(surface), ...preset(surface, read().method) }),
    chooseMethod: (method) => write({ method, ...preset(read().surface, method) }),
    optimal: () => write({ ...optimum(read()), current: 0 }),
    reset() {
      const { surface, method } = read();
      write({ start: presetStart(surface), condition_number: PRESET_CONDITION, ...preset(surface, method) });
    },
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
