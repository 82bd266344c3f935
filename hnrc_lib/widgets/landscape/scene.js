// The recorded arrays as numbers, and all that the views show of a state; no drawing.
import { remembered } from "../shared/remembered.js";
import { contours, niceLevels } from "./contours.js";
import { cellOf, heightAt } from "./geometry.js";
import { RUNS } from "./presets.js";

const LAST_LEVEL = 65535; // of a height, an int16 counted from its least
const UNIT = 32767; // of a coordinate, whose range is −1…1

function rowOf({ values, shape }, index) {
  return Array.from(values.subarray(index * shape[1], (index + 1) * shape[1]));
}

function pathOf({ values, shape: [, count] }, index) {
  const own = values.subarray(2 * index * count, 2 * (index + 1) * count);
  return Array.from({ length: count }, (_, k) => [own[2 * k] / UNIT, own[2 * k + 1] / UNIT]);
}

// Pieces of a path shorter than a cell, each in the cell that holds its middle.
function piecesOf(grid, path, run) {
  const size = 2 / (grid.columns - 1);
  return path.slice(1).flatMap((to, k) => {
    const from = path[k];
    const count = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / size));
    const at = (n) => from.map((x, axis) => x + ((to[axis] - x) * n) / count);
    return Array.from({ length: count }, (_, n) => {
      const ends = [at(n), at(n + 1)];
      const cell = cellOf(grid, at(n + 0.5));
      return { run, cell, ends: ends.map(([x, y]) => [x, y, heightAt(grid, [x, y])]) };
    });
  });
}

// The lowest grid point.
export function lowest({ values, columns, rows }) {
  const k = values.indexOf(Math.min(...values));
  const place = (index, count) => Number((-1 + (2 * index) / (count - 1)).toFixed(3));
  return [place(k % columns, columns), place(Math.floor(k / columns), rows)];
}

// What depends on the record alone.
export function survey({ heights, paths, losses, off_plane: beside, distances, log_range: range }) {
  const [rows, columns] = heights.shape;
  const values = Float64Array.from(heights.values, (value) => (value + 32768) / LAST_LEVEL);
  const grid = { values, columns, rows };
  const heightOf = (loss) => (Math.log10(loss) - range[0]) / (range[1] - range[0]);
  const lossOf = (height) => 10 ** (range[0] + height * (range[1] - range[0]));
  const nice = niceLevels(range);
  const lines = contours(grid, nice.map(heightOf));
  const levels = nice.map((level, n) => ({ level, pieces: lines[n] }));
  const runs = RUNS.map((name, index) => {
    const path = pathOf(paths, index);
    const heightsBelow = path.map((point) => heightAt(grid, point));
    return {
      name,
      path,
      pieces: piecesOf(grid, path, name),
      losses: rowOf(losses, index),
      below: heightsBelow.map(lossOf),
      beside: rowOf(beside, index),
      distances: rowOf(distances, index),
    };
  });
  return {
    grid,
    levels,
    runs,
    lines: levels.flatMap(({ pieces }) => pieces.map(([cell, ...ends]) => lineOf(grid, cell, ends))),
    pieces: runs.flatMap((run) => run.pieces),
    heightOf,
    lossOf,
    lowest: lowest(grid),
  };
}

function lineOf(grid, cell, [x0, y0, x1, y1]) {
  const ends = [
    [x0, y0],
    [x1, y1],
  ];
  return { cell, ends: ends.map((point) => [...point, heightAt(grid, point)]) };
}

const ARRAYS = ["heights", "paths", "losses", "off_plane", "distances", "log_range"];

// scene(state), which surveys the record again only when another one came.
export function createScenes() {
  const surveyed = remembered((...arrays) => survey(Object.fromEntries(ARRAYS.map((name, k) => [name, arrays[k]]))));
  return (state) => sceneOf(state, surveyed(...ARRAYS.map((name) => state[name])));
}

function sceneOf(state, surveyed) {
  const { grid, lossOf, runs } = surveyed;
  const index = RUNS.indexOf(state.run);
  const run = runs[index];
  const last = run.path.length - 1;
  const k = Math.min(state.current, last);
  return {
    state,
    ...surveyed,
    run,
    k,
    last,
    place: run.path[k],
    loss: run.losses[k],
    below: run.below[k],
    beside: run.beside[k],
    distance: run.distances[k],
    share: state.explained_of[index],
    marked: lossOf(heightAt(grid, state.mark)),
  };
}
