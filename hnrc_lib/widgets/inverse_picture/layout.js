// The boxes and canvases of the inverse as a picture.
import { createCanvas } from "../shared/canvas.js";
import { element } from "../shared/controls.js";
import { KEYS, STEPS } from "./words.js";

function boxes(...names) {
  return names.map((name) => element("div", `hnrc-${name}`));
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

// One row for each step: its colour, its formula, its length now.
function lengthTable() {
  const table = element("dl", "hnrc-lengths");
  const values = {};
  for (const [name, formula] of STEPS) {
    const row = element("div", "hnrc-length");
    const term = element("dt");
    term.append(element("span", `hnrc-swatch hnrc-swatch-${name}`), formula);
    values[name] = element("dd", "hnrc-value");
    row.append(term, values[name]);
    table.append(row);
  }
  return { table, values };
}

export function buildFrame() {
  const root = element("div", "hnrc-widget hnrc-inverse");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Inverse as a picture");
  const [grid, side, plane, controls, sliders, buttons] = boxes(
    ...["grid", "side", "plane", "controls", "sliders", "buttons"],
  );
  const left = element("div", "hnrc-panel hnrc-left");
  left.append(element("div", "hnrc-title", "Drag −g, or turn e₁ by its grey handle"), plane, legend());
  const title = element("div", "hnrc-title");
  const chart = element("div", "hnrc-chart");
  const { table, values } = lengthTable();
  side.append(title, chart, table);
  const state = element("p", "hnrc-state");
  const problem = element("p", "hnrc-problem");
  problem.setAttribute("role", "alert");
  controls.append(sliders, buttons);
  grid.append(left, controls, state, side);
  root.append(problem, grid);
  return { root, plane, chart, title, values, state, problem, sliders, buttons };
}

export function buildStages(frame, signal, resized) {
  const stage = (parent, label) => createCanvas(parent, { label, signal, resized });
  const stages = {
    plane: stage(frame.plane, "Unit circle and its images"),
    lengths: stage(frame.chart, "Step length against gradient length"),
  };
  for (const each of Object.values(stages)) each.measure();
  return stages;
}
