// The book's small convolutional network, run on one word; hnrc_lib.models.CNN computes the same.
import { unpackArray } from "../shared/packed.js";

const KERNEL = 3;

// Weights of eight bits times the scale of their output channel, in single precision as torch has them.
function restored(packed, name) {
  const { values, shape } = unpackArray(packed[name]);
  const scale = packed[`${name}:scale`];
  if (!scale) return { values, shape };
  const scales = unpackArray(scale).values;
  const each = values.length / shape[0];
  const weights = new Float32Array(values.length);
  for (let o = 0, i = 0; o < shape[0]; o++)
    for (const end = i + each; i < end; i++) weights[i] = values[i] * scales[o];
  return { values: weights, shape };
}

function layersOf(packed, kind) {
  const layers = [];
  for (let k = 0; packed[`${kind}.${k}.weight`]; k++)
    layers.push({
      weight: restored(packed, `${kind}.${k}.weight`),
      bias: restored(packed, `${kind}.${k}.bias`).values,
    });
  return layers;
}

// Adds to the row of `out` at `at` the correlation of the three rows of `values` at `n` with the kernel at `k`.
function addRow(out, at, columns, weights, k, values, n, width) {
  const m = n + width;
  const l = m + width;
  const a = weights[k];
  const b = weights[k + 1];
  const c = weights[k + 2];
  const d = weights[k + 3];
  const e = weights[k + 4];
  const f = weights[k + 5];
  const g = weights[k + 6];
  const h = weights[k + 7];
  const i = weights[k + 8];
  for (let x = 0; x < columns; x++) {
    out[at + x] +=
      a * values[n + x] + b * values[n + x + 1] + c * values[n + x + 2] +
      d * values[m + x] + e * values[m + x + 1] + f * values[m + x + 2] +
      g * values[l + x] + h * values[l + x + 1] + i * values[l + x + 2];
  }
}

// Correlation with kernels of 3 × 3, no padding, then max(0, x).
function convolve({ values, height, width }, { weight, bias }) {
  const [outputs, inputs] = weight.shape;
  const rows = height - KERNEL + 1;
  const columns = width - KERNEL + 1;
  const area = rows * columns;
  const out = new Float64Array(outputs * area);
  for (let o = 0; o < outputs; o++) {
    const at = o * area;
    out.fill(bias[o], at, at + area);
    for (let i = 0; i < inputs; i++) {
      const k = KERNEL * KERNEL * (o * inputs + i);
      for (let y = 0; y < rows; y++)
        addRow(out, at + y * columns, columns, weight.values, k, values, (i * height + y) * width, width);
    }
  }
  for (let n = 0; n < out.length; n++) out[n] = Math.max(0, out[n]);
  return { values: out, height: rows, width: columns };
}

// The greatest of every 2 × 2; an odd last row or column is left out.
function pool({ values, height, width }) {
  const [rows, columns] = [Math.floor(height / 2), Math.floor(width / 2)];
  const channels = values.length / (height * width);
  const out = new Float64Array(channels * rows * columns);
  let n = 0;
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        const at = (c * height + 2 * y) * width + 2 * x;
        out[n++] = Math.max(values[at], values[at + 1], values[at + width], values[at + width + 1]);
      }
  return { values: out, height: rows, width: columns };
}

function dense(values, { weight, bias }) {
  const inputs = weight.shape[1];
  return Float64Array.from(bias, (start, o) => {
    let sum = start;
    for (let i = 0; i < inputs; i++) sum += weight.values[o * inputs + i] * values[i];
    return sum;
  });
}

// network(images) gives the logits of images of one size, each an array of rows, one an input channel.
export function createNetwork(packed) {
  const convolutions = layersOf(packed, "convolutions");
  const [hidden, last] = layersOf(packed, "dense");
  return (images) => {
    const [height, width] = [images[0].length, images[0][0].length];
    let image = { values: Float64Array.from(images.flatMap((rows) => rows.flatMap((row) => [...row]))), height, width };
    convolutions.forEach((layer, k) => (image = convolve(k ? pool(image) : image, layer)));
    return dense(
      dense(image.values, hidden).map((x) => Math.max(0, x)),
      last,
    );
  };
}

export function softmax(logits) {
  const top = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - top));
  const total = powers.reduce((sum, x) => sum + x, 0);
  return powers.map((x) => x / total);
}
