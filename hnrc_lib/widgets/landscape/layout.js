// The landscape viewer's boxes and canvases.
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";
import { element } from "../shared/controls.js";
import { KEYS } from "./words.js";

export function buildFrame() {
  const [bar] = boxes("bar");
  const frame = planeFrame({
    ...{ name: "landscape", label: "Landscape viewer", keys: KEYS, above: [bar] },
    hint: "Drag to turn; hover to mark a point",
  });
  const twin = titled(frame.side, "twin");
  const [map] = boxes("map");
  twin.panel.append(map);
  const losses = titled(frame.side, "losses");
  frame.sliders.parentElement.before(frame.side, losses.panel); // the controls follow the views that they move
  const caption = element("p", "hnrc-caption");
  frame.root.append(caption);
  return { ...frame, bar, twin, map, losses, caption };
}

export function makeStages(frame, signal, resized) {
  const views = {
    relief: [frame.plane, "The surface"],
    marks: [frame.plane, "Step and marked point on the surface"],
    twin: [frame.map, "Level lines of the surface"],
    step: [frame.map, "Step on the level lines"],
    losses: [frame.losses.panel, "Losses against the step"],
  };
  return buildStages(views, signal, resized);
}
