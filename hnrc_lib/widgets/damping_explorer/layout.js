// The damping explorer's boxes and canvases.
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";

const KEYS = [
  ["first", "step along e₁"],
  ["second", "step along e₂"],
  ["hatched", "H + λI not positive definite"],
];

// The boxes of the view, without controls and pictures.
export function buildFrame() {
  const [bar, rule] = boxes("bar", "formula");
  const frame = planeFrame({ name: "damping", label: "Damping explorer", keys: KEYS, above: [bar, rule] });
  const spectrum = titled(frame.side, "spectrum");
  const basis = titled(frame.side, "basis");
  const losses = titled(frame.side, "losses");
  return { ...frame, bar, rule, spectrum, basis, losses };
}

// One canvas for each view, and one for the surface that lies under the path.
export function makeStages(frame, signal, resized) {
  const views = {
    underlay: [frame.plane, "Level sets of the loss", "hnrc-underlay"],
    plane: [frame.plane, "Path in the parameter plane", "hnrc-overlay"],
    spectrum: [frame.spectrum.panel, "Eigenvalues"],
    basis: [frame.basis.panel, "Step in the eigenbasis"],
    losses: [frame.losses.panel, "Loss against step"],
  };
  return buildStages(views, signal, resized);
}
