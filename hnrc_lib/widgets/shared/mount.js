import { frameLoop } from "./frame.js";
import { announcer } from "./live.js";
import { bindModel } from "./state.js";
import { followTheme } from "./theme.js";

// Puts a widget's frame into the page and keeps it drawn until `signal` ends.
// `build(bound, redraw)` makes stages and controls inside the frame and returns `{ paint(state), readTheme() }`.
export function mount({ model, el, schema, frame, build, signal }) {
  let draw = () => {};
  const redraw = frameLoop(() => draw(), signal);
  const bound = bindModel(model, schema, { changed: redraw, signal });
  const first = bound.read(); // a bad first state stops here, before anything is shown
  el.append(frame.root);
  signal.addEventListener("abort", () => frame.root.remove(), { once: true });
  const painter = build(bound, redraw);
  const retheme = () => {
    painter.readTheme();
    redraw();
  };
  followTheme(el, frame.root, retheme, signal);
  painter.readTheme();
  painter.paint(first);
  keepKeys(frame.root);
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

// In JupyterLab arrow keys and letters are commands of the notebook, unless what has the focus says this.
function keepKeys(root) {
  for (const control of root.querySelectorAll("input, select, button, [tabindex]")) {
    control.dataset.lmSuppressShortcuts = "true";
  }
}

// A widget's `render`: what `start(model, el, signal)` begins ends with the view, or at once if it fails.
export function renderer(start) {
  return ({ model, el }) => {
    const lifetime = new AbortController();
    try {
      start(model, el, lifetime.signal);
    } catch (error) {
      lifetime.abort();
      throw error;
    }
    return () => lifetime.abort();
  };
}

// A widget's module made of these parts; see layout.js for the frame and the stages.
export function widgetOf({ schema, buildFrame, makeStages, createActions, buildControls, createPainter }) {
  const render = renderer((model, el, signal) => {
    const frame = buildFrame();
    const build = (bound, redraw) => {
      const stages = makeStages(frame, signal, redraw);
      const controls = buildControls(frame, stages, createActions(bound, redraw, signal), signal);
      return createPainter(frame, stages, controls, announcer(frame.root, signal));
    };
    mount({ model, el, schema, frame, build, signal });
  });
  return { render };
}
