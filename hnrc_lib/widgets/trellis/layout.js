// The trellis explorer's boxes and canvases.
import { element } from "../shared/controls.js";
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";

const KEYS = [
  ["shade", "more of the frame’s paths"],
  ["best", "best path"],
  ["terms", "terms of the cell"],
];

// The boxes of the view, without controls and pictures.
export function buildFrame() {
  const above = boxes("bar", "formula");
  const frame = planeFrame({ name: "trellis", label: "Trellis explorer", keys: KEYS, above });
  const [bar, formula] = above;
  const cell = titled(frame.side, "cell");
  const table = element("table", "hnrc-arithmetic");
  cell.panel.append(table);
  const gradient = titled(frame.side, "gradient");
  const caption = element("p", "hnrc-caption");
  frame.root.append(caption);
  return { ...frame, bar, formula, cell, table, gradient, caption };
}

export function makeStages(frame, signal, resized) {
  const views = {
    trellis: [frame.plane, "The trellis"],
    gradient: [frame.gradient.panel, "The gradient"],
  };
  return buildStages(views, signal, resized);
}
