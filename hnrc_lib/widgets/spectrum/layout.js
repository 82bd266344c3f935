// The spectrum viewer's boxes and canvases.
import { element } from "../shared/controls.js";
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";

const KEYS = [
  ["first", "positive"],
  ["path", "negative"],
  ["hatched", "within ±λ: drowned"],
];

// The boxes of the view, without controls and pictures.
export function buildFrame() {
  const above = boxes("bar");
  const frame = planeFrame({ name: "spectrum", label: "Spectrum viewer", keys: KEYS, above, hint: " " });
  const [bar] = above;
  const density = { title: frame.plane.previousElementSibling };
  const shrinkage = titled(frame.side, "shrinkage");
  const training = titled(frame.side, "training");
  const caption = element("p", "hnrc-caption");
  frame.root.append(caption);
  return { ...frame, bar, density, shrinkage, training, caption };
}

export function makeStages(frame, signal, resized) {
  const views = {
    plot: [frame.plane, "Density of the eigenvalues"],
    shrinkage: [frame.shrinkage.panel, "What λ leaves of Newton’s step"],
    training: [frame.training.panel, "The ends of the spectrum over training"],
  };
  return buildStages(views, signal, resized);
}
