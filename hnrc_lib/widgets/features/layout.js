// The features explorer's boxes and canvases.
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";

const KEYS = [
  ["raw", "samples, log bands"],
  ["chosen", "the frame chosen, and what is kept of it"],
  ["second", "window and mel bands"],
];
const VIEWS = {
  frame: "The frame under its window",
  spectrum: "The frame's power spectrum",
  mel: "Mel energies",
  log: "Log mel energies",
  mfcc: "Cepstral coefficients",
};

export function buildFrame() {
  const [bar] = boxes("bar");
  const frame = planeFrame({ name: "features", label: "Features explorer", keys: KEYS, above: [bar] });
  const panels = Object.fromEntries(Object.keys(VIEWS).map((name) => [name, titled(frame.side, name)]));
  const left = frame.plane.parentElement;
  const [title] = boxes("title");
  left.prepend(title);
  return { ...frame, bar, panels: { sound: { panel: left, title }, ...panels } };
}

export function makeStages(frame, signal, resized) {
  const views = Object.entries(VIEWS).map(([name, label]) => [name, [frame.panels[name].panel, label]]);
  return buildStages(
    { sound: [frame.plane, "The waveform and its log mel bands"], ...Object.fromEntries(views) },
    signal,
    resized,
  );
}
