// The damping explorer's boxes and canvases.
import { createCanvas } from "../shared/canvas.js";
import { element } from "../shared/controls.js";

const KEYS = [
  ["first", "step along e₁"],
  ["second", "step along e₂"],
  ["hatched", "H + λI not positive definite"],
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
  const root = element("div", "hnrc-widget hnrc-damping");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Damping explorer");
  const [bar, rule, grid, side, plane] = boxes("bar", "rule", "grid", "side", "plane");
  const left = element("div", "hnrc-panel hnrc-left");
  left.append(plane, legend());
  const spectrum = titled(side, "hnrc-spectrum");
  const basis = titled(side, "hnrc-basis");
  const losses = titled(side, "hnrc-losses");
  const state = element("p", "hnrc-state");
  const problem = element("p", "hnrc-problem");
  problem.setAttribute("role", "alert");
  const [controls, sliders, buttons] = boxes("controls", "sliders", "buttons");
  controls.append(sliders, buttons);
  grid.append(left, controls, state, side);
  root.append(bar, rule, problem, grid);
  return { root, bar, rule, plane, spectrum, basis, losses, state, problem, sliders, buttons };
}

// One canvas for each view, and one for the surface that lies under the path.
export function buildStages(frame, signal, resized) {
  const stage = (parent, label, className) => createCanvas(parent, { label, className, signal, resized });
  const stages = {
    underlay: stage(frame.plane, "Level sets of the loss", "hnrc-underlay"),
    plane: stage(frame.plane, "Path in the parameter plane", "hnrc-overlay"),
    spectrum: stage(frame.spectrum.panel, "Eigenvalues"),
    basis: stage(frame.basis.panel, "Step in the eigenbasis"),
    losses: stage(frame.losses.panel, "Loss against step"),
  };
  for (const each of Object.values(stages)) each.measure();
  return stages;
}
