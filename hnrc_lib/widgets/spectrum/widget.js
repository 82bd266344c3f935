// Spectrum viewer: one state, three linked views. Pure mathematics is in density.
import { hatch } from "../shared/axes.js";
import { element } from "../shared/controls.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { readColours } from "../shared/theme.js";
import { buildFrame, makeStages } from "./layout.js";
import { buildControls, updateControls } from "./panel.js";
import { drawPlot } from "./plot.js";
import { best, first, SCHEMA } from "./presets.js";
import { createSurveyor } from "./scene.js";
import { drawShrinkage } from "./shrinkage.js";
import { drawTraining } from "./training.js";
import { tellDensity, tellOutcome, tellShrinkage, tellState, tellTraining, titles } from "./words.js";

const COLOURS = "muted grid line first second path halo page veil stripe".split(" ");

function createPainter(frame, stages, controls, say) {
  let colours = null;
  const readTheme = () => {
    colours = readColours(frame.root, COLOURS);
    colours.hatching = hatch(stages.plot.context, colours.stripe);
  };
  const paint = (state) => {
    const scene = controls.act.survey(state);
    updateControls(controls, scene);
    drawPlot(stages.plot, scene, colours);
    drawShrinkage(stages.shrinkage, scene, colours);
    drawTraining(stages.training, scene, colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function tell(frame, stages, scene, say) {
  const [sentence, outcome] = [tellState(scene), tellOutcome(scene)];
  for (const [name, text] of Object.entries(titles(scene))) frame[name].title.textContent = text;
  frame.caption.textContent = scene.state.caption;
  const kind = scene.condition === null ? "indefinite" : "definite";
  frame.state.replaceChildren(element("span", "hnrc-sentence", sentence), " ", badge(outcome, kind));
  stages.plot.describe(tellDensity(scene));
  stages.shrinkage.describe(tellShrinkage(scene));
  stages.training.describe(tellTraining(scene));
  say(`${sentence} ${outcome}`);
}

function createActions({ read, write }) {
  const survey = createSurveyor();
  return {
    write,
    survey,
    optimal: () => write(best(survey(read()))),
    reset: () => write(first(read())),
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
