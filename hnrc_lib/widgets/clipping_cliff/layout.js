// The widget's boxes and canvases.
import { element } from "../shared/controls.js";
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";

const KEYS = [
  ["path", "this rule"],
  ["plain", "no clipping"],
  ["gradient", "−g"],
];

// The boxes of the view, without controls and pictures.
export function buildFrame() {
  const above = boxes("bar", "formula");
  const frame = planeFrame({ name: "cliff", label: "Clipping on a cliff", keys: KEYS, above });
  const [bar, rule] = above;
  const response = titled(frame.side, "response", "Step length against gradient norm");
  const angle = titled(frame.side, "angle");
  const [dial] = boxes("dial");
  angle.note = element("p", "hnrc-note");
  angle.panel.append(dial, angle.note);
  const lengths = titled(frame.side, "lengths", "Length of each step");
  return { ...frame, bar, rule, response, angle, dial, lengths };
}

// One canvas for each view, and one for the surface that lies under the path.
export function makeStages(frame, signal, resized) {
  const views = {
    underlay: [frame.plane, "Level lines of the loss in the plane of w and b", "hnrc-underlay"],
    plane: [frame.plane, "Path in the parameter plane", "hnrc-overlay"],
    response: [frame.response.panel, "Step length against gradient norm"],
    angle: [frame.dial, "Angle between step and gradient"],
    lengths: [frame.lengths.panel, "Length of each step"],
  };
  return buildStages(views, signal, resized);
}
