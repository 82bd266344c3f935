// The weight decay explorer's boxes and canvases.
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";
import { KEYS } from "./words.js";

export function buildFrame() {
  const [bar, formula] = boxes("bar", "formula");
  const frame = planeFrame({
    ...{ name: "decay", label: "Weight decay explorer", keys: KEYS, above: [bar, formula] },
    hint: "Drag θ*, or turn and stretch the loss by its grey handle",
  });
  const path = titled(frame.side, "path", "The minimum as λ grows");
  const steps = titled(frame.side, "steps", "Steps from θ*, with the minimum dashed");
  const eigenvalues = titled(frame.side, "eigenvalues");
  return { ...frame, bar, formula, path, steps, eigenvalues };
}

export function makeStages(frame, signal, resized) {
  const views = {
    plane: [frame.plane, "Loss, minimum and steps in the plane of parameters"],
    path: [frame.path.panel, "Coordinates of the minimum against λ"],
    steps: [frame.steps.panel, "Coordinates against the step"],
    eigenvalues: [frame.eigenvalues.panel, "Eigenvalues of the Hessian"],
  };
  return buildStages(views, signal, resized);
}
