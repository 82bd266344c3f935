// Say a digit: its boxes, canvases and the table of the three sets.
import { element } from "../shared/controls.js";
import { boxes, buildStages, planeFrame, titled } from "../shared/layout.js";
import { SETS } from "./presets.js";


function buildTable(parent) {
  const table = element("table", "hnrc-sets");
  const caption = element("caption", "hnrc-title", "Accuracy on a speaker never heard → in 8 bits");
  const head = table.createTHead().insertRow();
  for (const text of ["Weights", "Hear", "Sure", "Accuracy"])
    head.append(Object.assign(element("th", "", text), { scope: "col" }));
  const body = table.createTBody();
  const rows = SETS.map((name) => {
    const row = body.insertRow();
    row.append(Object.assign(element("th", "", name), { scope: "row" }));
    return [name, { row, cells: [0, 1, 2].map(() => row.insertCell()) }];
  });
  table.prepend(caption);
  parent.append(table);
  return Object.fromEntries(rows);
}

export function buildFrame() {
  const [bar, caption, answer] = boxes("bar", "caption", "answer");
  const frame = planeFrame({ name: "say-digit", label: "Say a digit", keys: [], above: [bar] });
  const left = frame.plane.parentElement;
  left.querySelector(".hnrc-legend").remove();
  const [title] = boxes("title");
  left.prepend(title);
  const seen = titled(left, "seen");
  const bars = titled(frame.side, "bars", "How sure each set of weights is of each digit");
  bars.panel.append(answer);
  const rows = buildTable(frame.side);
  frame.root.append(caption);
  return { ...frame, bar, caption, answer, left, title, seen, bars, rows };
}

export function makeStages(frame, signal, resized) {
  const views = {
    sound: [frame.plane, "The sound"],
    seen: [frame.seen.panel, "The word as the network sees it"],
    bars: [frame.bars.panel, "Probabilities of the ten digits"],
  };
  return buildStages(views, signal, resized);
}
