// Landscape viewer: one state, a surface and its level lines. Pure mathematics is in geometry, contours and scene.
import { element } from "../shared/controls.js";
import { badge } from "../shared/layout.js";
import { widgetOf } from "../shared/mount.js";
import { readColours } from "../shared/theme.js";
import { walker } from "../shared/walk.js";
import { buildFrame, makeStages } from "./layout.js";
import { drawLosses } from "./losses.js";
import { buildControls, updateControls } from "./panel.js";
import { RUNS, SCHEMA, VIEW } from "./presets.js";
import { drawMarks, drawRelief, shadeCells } from "./relief.js";
import { createScenes } from "./scene.js";
import { drawStep, drawTwin } from "./twin.js";
import { tellMark, tellShares, tellState, TITLES } from "./words.js";

const COLOURS = `muted grid level basin high halo page ${RUNS.join(" ")}`.split(" ");

// Draws a view again only when `key` is another than the last time.
function once(draw) {
  let drawn = "";
  return {
    forget: () => (drawn = ""),
    draw(stage, key, scene, colours) {
      const { width, height } = stage.box;
      const whole = `${key} ${width} ${height} ${window.devicePixelRatio}`;
      if (whole !== drawn) draw(stage, scene, colours);
      drawn = whole;
    },
  };
}

function createPainter(frame, stages, controls, say) {
  const [relief, twin] = [once(drawRelief), once(drawTwin)];
  let colours = null;
  let shaded = null;
  const forget = () => [relief, twin].forEach((view) => view.forget());
  const readTheme = () => {
    colours = readColours(frame.root, COLOURS);
    shaded = null;
    forget();
  };
  const paint = (state) => {
    const scene = controls.act.look(state);
    if (shaded !== scene.grid) {
      colours.cells = shadeCells(scene.grid, colours);
      shaded = scene.grid;
      forget();
    }
    updateControls(controls, scene);
    const { run, turn, tilt, zoom } = state;
    relief.draw(stages.relief, `${run} ${turn} ${tilt} ${zoom} ${zoom > 1 ? scene.k : ""}`, scene, colours);
    drawMarks(stages.marks, scene, colours);
    twin.draw(stages.twin, run, scene, colours);
    drawStep(stages.step, scene, colours);
    drawLosses(stages.losses, scene, colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme };
}

function tell(frame, stages, scene, say) {
  const [sentence, outcome] = [tellState(scene), tellShares(scene)];
  frame.twin.title.textContent = `From above: ${tellMark(scene)}`;
  frame.losses.title.textContent = TITLES.losses;
  frame.caption.textContent = scene.state.caption;
  frame.state.replaceChildren(element("span", "hnrc-sentence", sentence), " ", badge(outcome, "share"));
  for (const name of ["relief", "twin", "losses"]) stages[name].describe(`${frame.root.ariaLabel}. ${sentence}`);
  say(`${sentence} ${outcome}`);
}

function createActions(bound, redraw, signal) {
  const { read, write } = bound;
  const scenes = createScenes();
  const look = (state = read()) => scenes(state);
  const last = () => look().last;
  const home = () => write(VIEW);
  return {
    ...{ read, write, look, home },
    walk: walker({ bound, last, redraw, signal }),
    lowest: () => write({ mark: look().lowest }),
    reset: () => write({ ...VIEW, run: RUNS[0], current: last(), mark: look().lowest }),
  };
}

export default widgetOf({ schema: SCHEMA, buildFrame, makeStages, createActions, buildControls, createPainter });
