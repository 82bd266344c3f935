// The landscape viewer's choice of run, sliders, buttons, view to turn and mark to drag, and how they show the state.
import { button, segmented, sliderRow, sliderRows } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { evenPositions, integerPositions, planePixels } from "../shared/scale.js";
import { showWalk } from "../shared/walk.js";
import { pick } from "./geometry.js";
import { orbit } from "./orbit.js";
import { SCHEMA } from "./presets.js";
import { lensOf } from "./relief.js";
import { twinScales } from "./twin.js";
import { RUN_LABELS, tellMark, tellStep, tellView } from "./words.js";

function degrees({ min: low, max: high }) {
  return evenPositions({ low, high, step: 1 });
}

const SLIDERS = {
  turn: ["turn", "°", degrees(SCHEMA.turn)],
  tilt: ["tilt", "°", degrees(SCHEMA.tilt)],
  zoom: ["zoom", "", evenPositions({ low: SCHEMA.zoom.min, high: SCHEMA.zoom.max, step: 0.05 })],
};

function buildOrbit(frame, stages, act, signal) {
  const marked = (pixel) => {
    const scene = act.look();
    const lens = lensOf(stages.relief.box, scene);
    const found = pick(lens.view, scene.grid, lens.fromPixels(pixel));
    if (found) act.write({ mark: found.map((x) => Number(x.toFixed(3))) });
  };
  const { read, write, home } = act;
  return orbit({ plane: frame.plane, read, write, home, marked, describe: tellView, signal });
}

function buildMark(frame, stages, act, signal) {
  const { toPixels, fromPixels } = planePixels(() => twinScales(stages.twin.box));
  const moved = (mark) => act.write({ mark });
  const mark = dragHandle({
    ...{ plane: frame.map, label: "Marked point", bounds: SCHEMA.mark.point, step: 0.05 },
    ...{ toPixels, fromPixels, describe: () => tellMark(act.look()), moved, signal },
  });
  const hover = (event) => {
    if (event.pointerType === "touch" || event.buttons !== 0 || event.target === mark.element) return;
    const box = frame.map.getBoundingClientRect();
    const point = fromPixels([event.clientX - box.left, event.clientY - box.top]);
    if (point.every((x) => Math.abs(x) <= 1)) moved(point.map((x) => Number(x.toFixed(3))));
  };
  frame.map.addEventListener("pointermove", hover, { signal });
  return mark;
}

// Everything a reader operates; `act` holds what the choices do.
export function buildControls(frame, stages, act, signal) {
  const choose = (run) => act.write({ run });
  const run = segmented({ label: "Run", options: RUN_LABELS, changed: choose, signal });
  frame.bar.append(run.element);
  const placeOf = () => frame.sliders;
  const sliders = sliderRows(SLIDERS, { placeOf, format: formatExact, write: act.write, signal });
  const step = sliderRow({
    label: "step",
    positions: integerPositions({ low: SCHEMA.current.min, high: SCHEMA.current.max }),
    format: (value) => tellStep(value, act.look()),
    changed: (current) => act.write({ current }),
    signal,
  });
  const play = button({ label: "Play", title: "Walk along the run", clicked: act.walk.toggle, signal });
  frame.losses.panel.append(play.element, step.element);
  const low = "Mark the lowest point of the grid";
  const lowest = button({ label: "Lowest", title: low, clicked: act.lowest, signal });
  const reset = button({ label: "Reset", title: "Back to the first view", clicked: act.reset, signal });
  frame.buttons.append(lowest.element, reset.element);
  const view = buildOrbit(frame, stages, act, signal);
  const mark = buildMark(frame, stages, act, signal);
  return { act, run, sliders, step, play, view, mark };
}

export function updateControls(controls, { state, k, last }) {
  controls.run.update(state.run);
  for (const [name, row] of Object.entries(controls.sliders)) row.update(state[name]);
  const { step: row, play, act } = controls;
  showWalk({ row, play }, { shown: k, last, end: last, playing: act.walk.playing() });
  controls.view.update(state);
  controls.mark.update(state.mark);
}
