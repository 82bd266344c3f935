// The inverse as a picture: one state, two linked views. Pure mathematics is in map.js.
import { hatch } from "../shared/axes.js";
import { element } from "../shared/controls.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { readColours } from "../shared/theme.js";
import { buildFrame, makeStages } from "./layout.js";
import { drawLengths } from "./lengths.js";
import { FIRST, inspect, peakDamping, SCHEMA } from "./map.js";
import { buildControls, updateControls } from "./panel.js";
import { drawPlane } from "./plane.js";
import { STEPS, tellDamped, tellLength, tellLengths, tellRankOne, tellState } from "./words.js";

const COLOURS = "muted grid line path first second third fourth halo page bad veil stripe wash".split(" ");

function tell(frame, stages, state, scene, say) {
  const sentence = tellState(state, scene);
  const [damped, rankOne] = [tellDamped(scene, state), tellRankOne(scene)];
  frame.title.textContent = "Step length against ‖g‖: drag it, g keeps its direction";
  for (const [name] of STEPS) frame.values[name].textContent = tellLength(scene.lengths[name]);
  frame.state.replaceChildren(
    element("span", "hnrc-sentence", sentence),
    " ",
    badge(damped, scene.damped.kind),
    " ",
    badge(rankOne, scene.rankOne.kind),
  );
  stages.plane.describe(`The unit circle and its images. ${damped} ${rankOne}`);
  stages.lengths.describe(tellLengths(scene));
  say(`${sentence} ${damped} ${rankOne}`);
}

function createPainter(frame, stages, controls, say) {
  const themed = { colours: null };
  const readTheme = () => {
    const colours = readColours(frame.root, COLOURS);
    themed.colours = { ...colours, hatching: hatch(stages.plane.context, colours.stripe) };
  };
  const paint = (state) => {
    const scene = inspect(state);
    updateControls(controls, state);
    drawPlane(stages.plane, state, scene, themed.colours);
    drawLengths(stages.lengths, state, scene, themed.colours);
    tell(frame, stages, state, scene, say);
  };
  return { paint, readTheme };
}

function createActions(bound) {
  return {
    ...bound,
    peak: () => bound.write({ damping: peakDamping(bound.read()) }),
    reset: () => bound.write(structuredClone(FIRST)),
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
