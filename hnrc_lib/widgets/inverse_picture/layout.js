// The boxes and canvases of the inverse as a picture.
import { element } from "../shared/controls.js";
import { buildStages, planeFrame } from "../shared/layout.js";
import { KEYS, STEPS } from "./words.js";

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
  const hint = "Drag −g, or turn e₁ by its grey handle";
  const frame = planeFrame({ name: "inverse", label: "Inverse as a picture", keys: KEYS, hint });
  const title = element("div", "hnrc-title");
  const chart = element("div", "hnrc-chart");
  const { table, values } = lengthTable();
  frame.side.append(title, chart, table);
  return { ...frame, chart, title, values };
}

export function makeStages(frame, signal, resized) {
  const views = {
    plane: [frame.plane, "Unit circle and its images"],
    lengths: [frame.chart, "Step length against gradient length"],
  };
  return buildStages(views, signal, resized);
}
