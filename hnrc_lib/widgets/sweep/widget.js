// Sweep explorer: one state, a matrix of combinations, their curves and what they misread. Mathematics: sweep.js.
import { hatch } from "../shared/axes.js";
import { element } from "../shared/controls.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { CLIP_RATE } from "../shared/sound/clips.js";
import { createSpeaker } from "../shared/sound/speaker.js";
import { readColours } from "../shared/theme.js";
import { drawCurve } from "./curves.js";
import { buildFrame, makeStages } from "./layout.js";
import { drawMatrix } from "./matrix.js";
import { buildControls, updateControls } from "./panel.js";
import { best, FIRST, SCHEMA } from "./presets.js";
import { createSurveyor } from "./scene.js";
import { fromMuLaw } from "./sweep.js";
import { tellCompared, tellCurve, tellMatrix, tellMisread, tellOutcome, tellState, titles } from "./words.js";

const COLOURS = "muted grid line first second path halo page veil stripe".split(" ");
const CURVES = ["loss", "error", "norm"];

function createPainter(frame, stages, controls, say) {
  let colours = null;
  const readTheme = () => {
    colours = readColours(frame.root, COLOURS);
    colours.hatching = hatch(stages.matrix.context, colours.stripe);
  };
  const paint = (state) => {
    const scene = controls.act.scene(state);
    updateControls(controls, scene);
    drawMatrix(stages.matrix, scene, colours);
    for (const name of CURVES) drawCurve(stages[name], name, scene, colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function tell(frame, stages, scene, say) {
  const [sentence, outcome, compared] = [tellState(scene), tellOutcome(scene), tellCompared(scene)];
  for (const [name, text] of Object.entries(titles(scene))) frame[name].title.textContent = text;
  frame.errors.title.textContent = tellMisread(scene);
  frame.caption.textContent = scene.state.caption;
  const kind = scene.cell.diverged ? "diverged" : "finished";
  frame.state.replaceChildren(element("span", "hnrc-sentence", sentence), " ", badge(outcome, kind), ` ${compared}`);
  stages.matrix.describe(tellMatrix(scene));
  for (const name of CURVES) stages[name].describe(tellCurve(name, scene));
  say(`${sentence} ${outcome} ${tellMisread(scene)}.`);
}

function createActions({ read, write }, redraw, signal) {
  const survey = createSurveyor();
  const speaker = createSpeaker(redraw, signal);
  let hovered = null;
  const scene = (state = read()) => survey(state, hovered);
  const place = () => scene().at.map((index) => index + 1);
  return {
    write,
    scene,
    playing: speaker.playing,
    optimal: () => write(best(scene())),
    reset: () => write(FIRST),
    pin() {
      const { pinned, cell } = scene();
      write({ pinned: pinned === cell ? [0, 0, 0] : place() });
    },
    hover(cell) {
      if (String(cell) === String(hovered)) return;
      hovered = cell;
      redraw();
    },
    play(clip) {
      if (speaker.playing() === String(clip)) return speaker.stop();
      return speaker.play(String(clip), fromMuLaw(scene().sweep.sounds[clip]), CLIP_RATE);
    },
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
