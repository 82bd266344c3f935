// The Taylor model explorer's boxes and canvases.
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";

const KEYS = [
  ["function", "function"],
  ["first", "first order"],
  ["second", "second order"],
  ["region", "trust region"],
  ["promised", "promised"],
  ["found", "found"],
];

// The boxes of the view, without controls and pictures.
export function buildFrame() {
  const above = boxes("bar", "formula");
  const frame = planeFrame({ name: "taylor", label: "Taylor model explorer", keys: KEYS, above });
  const [bar, formula] = above;
  const errors = titled(frame.side, "errors");
  const gauge = titled(frame.side, "gauge");
  return { ...frame, bar, formula, errors, gauge };
}

export function makeStages(frame, signal, resized) {
  const views = {
    curve: [frame.plane, "The function and its Taylor models"],
    errors: [frame.errors.panel, "Error of the models against |Δ|"],
    gauge: [frame.gauge.panel, "Gain ratio"],
  };
  return buildStages(views, signal, resized);
}
