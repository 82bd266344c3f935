// The sweep explorer's boxes and canvases.
import { element } from "../shared/controls.js";
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";

const KEYS = [
  ["first", "chosen, with its seeds’ spread"],
  ["second", "pinned"],
  ["path", "under the pointer"],
  ["hatched", "runs diverged"],
];
const CURVES = { loss: "Training loss by step", error: "Test error by step", norm: "Gradient norm by step" };

// The boxes of the view, without controls and pictures.
export function buildFrame() {
  const above = boxes("bar");
  const frame = planeFrame({ name: "sweep", label: "Sweep explorer", keys: KEYS, above, hint: " " });
  const matrix = { title: frame.plane.previousElementSibling };
  const curves = Object.keys(CURVES).map((name) => [name, titled(frame.side, name)]);
  const errors = titled(frame.root, "errors");
  const list = element("div", "hnrc-clips");
  errors.panel.append(list);
  const caption = element("p", "hnrc-caption");
  frame.root.append(caption);
  return { ...frame, bar: above[0], matrix, ...Object.fromEntries(curves), errors, list, caption };
}

export function makeStages(frame, signal, resized) {
  const curves = Object.entries(CURVES).map(([name, label]) => [name, [frame[name].panel, label]]);
  return buildStages(
    { matrix: [frame.plane, "Matrix of combinations"], ...Object.fromEntries(curves) },
    signal,
    resized,
  );
}
