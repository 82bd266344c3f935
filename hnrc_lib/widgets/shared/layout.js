// The frame of a widget with a plane: smaller views beside it, controls and the state below; see layout.css.
import { createCanvas } from "./canvas.js";
import { element } from "./controls.js";

export function boxes(...names) {
  return names.map((name) => element("div", `hnrc-${name}`));
}

// A view under a title, at the end of `parent`.
export function titled(parent, name, text = "") {
  const panel = element("div", `hnrc-panel hnrc-${name}`);
  const title = element("div", "hnrc-title", text);
  panel.append(title);
  parent.append(panel);
  return { panel, title };
}

// `keys`: pairs of a swatch's name and what it stands for.
export function legend(keys) {
  const list = element("div", "hnrc-legend");
  for (const [kind, text] of keys) {
    const item = element("span", "hnrc-key");
    item.append(element("span", `hnrc-swatch hnrc-swatch-${kind}`), text);
    list.append(item);
  }
  return list;
}

// The boxes in the order in which they are read; `above` stands over the grid, `hint` over the plane.
export function planeFrame({ name, label, keys, above = [], hint = "" }) {
  const root = element("div", `hnrc-widget hnrc-${name}`);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", label);
  const [grid, side, plane, controls, sliders, buttons] = boxes(
    ...["grid", "side", "plane", "controls", "sliders", "buttons"],
  );
  const left = element("div", "hnrc-panel hnrc-left");
  if (hint) left.append(element("div", "hnrc-title", hint));
  left.append(plane, legend(keys));
  const state = element("p", "hnrc-state");
  const problem = element("p", "hnrc-problem");
  problem.setAttribute("role", "alert");
  controls.append(sliders, buttons);
  grid.append(left, controls, state, side);
  root.append(...above, problem, grid);
  return { root, side, plane, state, problem, sliders, buttons };
}

// One canvas a view: { name: [parent, label, class name of the canvas] }.
export function buildStages(views, signal, resized) {
  const made = Object.entries(views).map(([name, [parent, label, className = ""]]) => {
    return [name, createCanvas(parent, { label, className, signal, resized })];
  });
  return Object.fromEntries(made);
}

// What a state comes to, in words of the colour of its kind.
export function badge(text, kind) {
  const el = element("span", "hnrc-outcome", text);
  el.dataset.kind = kind;
  return el;
}
