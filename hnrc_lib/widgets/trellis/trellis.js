// The trellis: the sound above, cells shaded as far as the recursion has come, arcs, and the best path.
import { dot, polyline, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { shadeGrid } from "../shared/grid.js";
import { parseColour } from "../shared/theme.js";
import { cellLayout, MARGIN, reached, shade } from "./cells.js";
import { BLANK_NAME } from "./lattice.js";
import { trace } from "./passes.js";

const LEAST_TEXT = 9; // pixels of a row that can hold its name

const pictures = new WeakMap(); // of the sound, by its array

// The sound as the model receives it, one pixel a band and frame, drawn once for each ink.
function soundPicture(bands, ink) {
  if (pictures.get(bands)?.ink !== ink) {
    const [columns, rows] = bands.shape;
    const values = Float64Array.from(bands.values, (_, k) => bands.values[(k % columns) * rows + Math.floor(k / columns)]);
    const picture = shadeGrid({ values, columns, rows }, parseColour(ink), (grey) => (grey / 255) ** 2);
    pictures.set(bands, { ink, picture });
  }
  return pictures.get(bands).picture;
}

function paintSound(context, layout, bands, frames, colours) {
  const { top, height } = layout.sound;
  context.drawImage(soundPicture(bands, colours.ink), layout.left, top, layout.across * frames, height);
}

function paintNames(context, layout, names, row, colours) {
  names.forEach((name, s) => {
    if (layout.down < LEAST_TEXT && s % 2 === 0 && names.length > 9) return;
    const y = layout.top + (s + 0.5) * layout.down;
    const chosen = s === row;
    const style = { align: "right", baseline: "middle", font: colours.font, size: Math.min(12, layout.down) };
    write(context, name === BLANK_NAME ? "–" : name, layout.left - 5, y, {
      ...style,
      colour: chosen ? colours.ink : colours.muted,
      weight: chosen ? "600" : "",
    });
  });
}

function paintTimes(context, layout, frames, seconds, colours) {
  const style = { colour: colours.muted, font: colours.font, align: "center" };
  const total = frames * seconds;
  const tick = total > 1.2 ? 0.4 : total > 0.6 ? 0.2 : 0.1;
  for (let time = 0; time < total - 0.4 * tick; time += tick) {
    const x = layout.left + (time / seconds) * layout.across;
    segment(context, [x, layout.bottom], [x, layout.bottom + 4], { colour: colours.muted });
    write(context, `${time.toFixed(1)} s`, Math.max(x, layout.left + 10), layout.bottom + 15, style);
  }
}

// Every arc that lies on some path, in one stroke.
function paintArcs(context, layout, { lattice, passes }, colours) {
  const { arcs } = lattice;
  const alive = (t, s) => passes.alpha[t][s] + passes.beta[t][s] > -Infinity;
  context.save();
  Object.assign(context, { strokeStyle: colours.grid, lineWidth: 1 });
  context.beginPath();
  for (let t = 1; t < passes.alpha.length; t++) {
    for (let s = 0; s < lattice.names.length; s++) {
      if (!alive(t, s)) continue;
      for (let k = 0; k < arcs.length && k <= s; k++) {
        if (arcs[k][s] === -Infinity || !alive(t - 1, s - k)) continue;
        context.moveTo(...layout.centre(t - 1, s - k));
        context.lineTo(...layout.centre(t, s));
      }
    }
  }
  context.stroke();
  context.restore();
}

function paintCells(context, layout, { grid, state, frame, passes }, colours) {
  const { across, down } = layout;
  const [width, height] = [Math.max(across - 2, 1), Math.max(down - 2, 1)];
  grid.forEach((values, t) => {
    const done = reached(state.quantity, t, frame);
    const best = Math.max(...values);
    values.forEach((value, s) => {
      const [x, y] = layout.centre(t, s);
      if (passes.alpha[t][s] + passes.beta[t][s] === -Infinity && (!done || value === -Infinity)) return;
      const opacity = done ? shade(state.quantity, value, best) : 0;
      context.globalAlpha = 1;
      if (opacity < 0.04) return dot(context, [x, y], Math.min(2, across / 5), { fill: colours.line });
      context.fillStyle = colours.page;
      context.fillRect(x - width / 2, y - height / 2, width, height);
      context.globalAlpha = opacity;
      context.fillStyle = colours.first;
      context.fillRect(x - width / 2, y - height / 2, width, height);
    });
  });
  context.globalAlpha = 1;
}

// The best path into the chosen cell where Viterbi runs, else that of the whole recording.
function pathShown({ state, frame, row, passes }) {
  if (state.quantity === "viterbi" && passes.delta[frame][row] > -Infinity) return trace(passes.pointers, frame, row);
  if (state.quantity === "posterior" && passes.logLikelihood > -Infinity) return passes.path;
  return [];
}

function paintPath(context, layout, scene, colours) {
  const points = pathShown(scene).map((s, t) => layout.centre(t, s));
  if (points.length > 1) polyline(context, points, { colour: colours.halo, width: 5 });
  if (points.length > 1) polyline(context, points, { colour: colours.path, width: 2.5 });
}

// The arcs that the chosen cell's value comes by, each as strong as its share.
function paintTerms(context, layout, { cell, state, frame, row, grid }, colours) {
  if (state.quantity === "posterior") return;
  const neighbour = frame + (state.quantity === "backward" ? 1 : -1);
  if (neighbour < 0 || neighbour >= grid.length) return;
  for (const term of cell.terms) {
    if (term.total === -Infinity) continue;
    const share = Math.exp(term.total - cell.joined);
    context.globalAlpha = Math.max(0.25, Math.min(1, share));
    const ends = [layout.centre(neighbour, term.state), layout.centre(frame, row)];
    segment(context, ...ends, { colour: colours.second, width: 1.5 + 2.5 * Math.min(1, share) });
  }
  context.globalAlpha = 1;
}

function paintCursor(context, layout, frame, colours) {
  const x = layout.left + frame * layout.across;
  context.fillStyle = colours.zone;
  context.fillRect(x, MARGIN.top, layout.across, layout.bottom - MARGIN.top);
}

export function drawTrellis(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { lattice, state, frame, row } = scene;
  const [frames, states] = [lattice.scores.length, lattice.names.length];
  const layout = cellLayout(box, frames, states);
  const bands = state.mode === "ctc" ? state.ctc_bands : state.hmm_bands;
  paintCursor(context, layout, frame, colours);
  paintSound(context, layout, bands, frames, colours);
  paintArcs(context, layout, scene, colours);
  paintCells(context, layout, scene, colours);
  paintPath(context, layout, scene, colours);
  paintTerms(context, layout, scene, colours);
  paintNames(context, layout, lattice.names, row, colours);
  paintTimes(context, layout, frames, state.frame_seconds[state.mode === "ctc" ? 0 : 1], colours);
}
