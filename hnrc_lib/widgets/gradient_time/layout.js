// The boxes and canvases of the gradient through time.
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";
import { KEYS } from "./words.js";

export function buildFrame() {
  const [bar, formula] = boxes("bar", "formula");
  const frame = planeFrame({
    ...{ name: "time", label: "Gradient through time", keys: KEYS, above: [bar, formula] },
    hint: "Gain from step τ (down) back to t (across); drag T",
  });
  const curve = titled(frame.side, "curve");
  return { ...frame, bar, formula, curve };
}

export function makeStages(frame, signal, resized) {
  const views = {
    heat: [frame.plane, "Gain from each step back to each earlier one"],
    curve: [frame.curve.panel, "Gain back from the last step"],
  };
  return buildStages(views, signal, resized);
}
