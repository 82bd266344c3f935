// The Taylor model explorer's boxes and canvases.
import { createCanvas } from "../shared/canvas.js";
import { element } from "../shared/controls.js";

const KEYS = [
  ["function", "function"],
  ["first", "first order"],
  ["second", "second order"],
  ["region", "trust region"],
  ["promised", "promised"],
  ["found", "found"],
];

function boxes(...names) {
  return names.map((name) => element("div", `hnrc-${name}`));
}

function titled(parent, className) {
  const panel = element("div", `hnrc-panel ${className}`);
  const title = element("div", "hnrc-title");
  panel.append(title);
  parent.append(panel);
  return { panel, title };
}

function legend() {
  const list = element("div", "hnrc-legend");
  for (const [kind, text] of KEYS) {
    const item = element("span", "hnrc-key");
    item.append(element("span", `hnrc-swatch hnrc-swatch-${kind}`), text);
    list.append(item);
  }
  return list;
}

// The boxes of the view, without controls and pictures.
export function buildFrame() {
  const root = element("div", "hnrc-widget hnrc-taylor");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Taylor model explorer");
  const [bar, formula, grid, side, plane] = boxes("bar", "formula", "grid", "side", "plane");
  const left = element("div", "hnrc-panel hnrc-left");
  left.append(plane, legend());
  const errors = titled(side, "hnrc-errors");
  const gauge = titled(side, "hnrc-gauge");
  const state = element("p", "hnrc-state");
  const problem = element("p", "hnrc-problem");
  problem.setAttribute("role", "alert");
  const [controls, sliders, buttons] = boxes("controls", "sliders", "buttons");
  controls.append(sliders, buttons);
  grid.append(left, controls, state, side);
  root.append(bar, formula, problem, grid);
  return { root, bar, formula, plane, errors, gauge, state, problem, sliders, buttons };
}

export function buildStages(frame, signal, resized) {
  const stage = (parent, label) => createCanvas(parent, { label, signal, resized });
  const stages = {
    curve: stage(frame.plane, "The function and its Taylor models"),
    errors: stage(frame.errors.panel, "Error of the models against |Δ|"),
    gauge: stage(frame.gauge.panel, "Gain ratio"),
  };
  for (const each of Object.values(stages)) each.measure();
  return stages;
}
