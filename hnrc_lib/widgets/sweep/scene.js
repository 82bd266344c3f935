// Everything that the views show of a state; the record is read once.
import { remembered } from "../shared/remembered.js";
import { meanMisread, misread, summarise } from "./sweep.js";

const AXES = ["axis_damping", "axis_decay", "axis_clip"];
const RECORDED = ["steps", "train_loss", "test_error", "grad_norm", "clipped", "heard", "digits", "sounds", "lengths"];

// The rows of a combination, −1 standing for what is not there.
function rowsOf({ values, shape }, index) {
  const [seeds, length] = shape.slice(3);
  return Array.from({ length: seeds }, (_, seed) => {
    const begin = (index * seeds + seed) * length;
    return Array.from(values.subarray(begin, begin + length));
  });
}

const numbers = (rows) => rows.map((row) => row.map((value) => (value < 0 ? NaN : value)));

function readCell(arrays, index, at) {
  const losses = numbers(rowsOf(arrays.train_loss, index));
  const [loss, error] = [summarise(losses), summarise(numbers(rowsOf(arrays.test_error, index)))];
  const norm = summarise(numbers(rowsOf(arrays.grad_norm, index)));
  const seeds = losses.length;
  const shares = arrays.clipped.values.subarray(index * seeds, (index + 1) * seeds);
  const heard = rowsOf(arrays.heard, index);
  const diverged = losses.filter((row) => Number.isNaN(row.at(-1))).length;
  return {
    at,
    loss,
    error,
    norm,
    seeds,
    diverged,
    final: { loss: loss.mean.at(-1), error: error.mean.at(-1) },
    clipped: shares.reduce((sum, share) => sum + share, 0) / seeds,
    errors: misread(heard, arrays.digits.values),
    misread: meanMisread(heard, arrays.digits.values),
  };
}

function domainOf(values) {
  const found = values.filter((value) => !Number.isNaN(value));
  return found.length ? [Math.min(...found), Math.max(...found)] : [0, 1];
}

function readSweep(...given) {
  const arrays = Object.fromEntries([...AXES, ...RECORDED].map((name, k) => [name, given[k]]));
  const axes = AXES.map((name) => Array.from(arrays[name].values, (value) => (value < 0 ? Infinity : value)));
  const shape = axes.map((axis) => axis.length);
  const cells = Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, index) => {
    const at = [Math.floor(index / (shape[1] * shape[2])), Math.floor(index / shape[2]) % shape[1], index % shape[2]];
    return readCell(arrays, index, at);
  });
  const domain = (name) => domainOf(cells.map((cell) => cell.final[name]));
  const reach = (name) => domainOf(cells.flatMap((cell) => [...cell[name].low, ...cell[name].high]));
  return {
    axes,
    shape,
    cells,
    steps: Array.from(arrays.steps.values),
    digits: arrays.digits.values,
    sounds: soundsOf(arrays),
    domains: { loss: domain("loss"), error: domain("error") },
    reaches: { loss: reach("loss"), error: reach("error"), norm: reach("norm") },
    cellOf: ([damping, decay, clip]) => cells[(damping * shape[1] + decay) * shape[2] + clip],
  };
}

function soundsOf({ sounds, lengths }) {
  let begin = 0;
  return Array.from(lengths.values, (length) => {
    begin += length;
    return sounds.values.subarray(begin - length, begin);
  });
}

function neighbours({ shape, cellOf }, [damping, decay, clip]) {
  const around = [[damping - 1, clip], [damping + 1, clip], [damping, clip - 1], [damping, clip + 1]]; // prettier-ignore
  const inside = around.filter(([i, k]) => i >= 0 && i < shape[0] && k >= 0 && k < shape[2]);
  return inside.map(([i, k]) => cellOf([i, decay, k]));
}

export function createSurveyor() {
  const read = remembered(readSweep);
  // `hovered` is the row and the column under the pointer, or null
  return (state, hovered = null) => {
    const sweep = read(...[...AXES, ...RECORDED].map((name) => state[name]));
    const within = (values) => values.map((place, k) => Math.min(place, sweep.shape[k]) - 1);
    const at = within([state.damping, state.decay, state.clip]);
    const pinned = state.pinned.every((place) => place > 0) ? sweep.cellOf(within(state.pinned)) : null;
    const cell = sweep.cellOf(at);
    const under = hovered ? sweep.cellOf([hovered[0], at[1], hovered[1]]) : null;
    return {
      state,
      sweep,
      at,
      cell,
      pinned,
      hovered: under === cell ? null : under,
      neighbours: pinned || hovered ? [] : neighbours(sweep, at),
    };
  };
}
