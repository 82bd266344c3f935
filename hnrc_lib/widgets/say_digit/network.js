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
  for (let i = 0; i < weights.length; i++) weights[i] = values[i] * scales[(i / each) | 0];
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

// Σ over the rows of a kernel of 3 × 3 at `k` and the image under it at `n`.
function correlate(weights, k, values, n, width) {
  const m = n + width;
  const l = m + width;
  return (
    weights[k] * values[n] +
    weights[k + 1] * values[n + 1] +
    weights[k + 2] * values[n + 2] +
    weights[k + 3] * values[m] +
    weights[k + 4] * values[m + 1] +
    weights[k + 5] * values[m + 2] +
    weights[k + 6] * values[l] +
    weights[k + 7] * values[l + 1] +
    weights[k + 8] * values[l + 2]
  );
}

// Correlation with kernels of 3 × 3, no padding, then max(0, x).
function convolve({ values, height, width }, { weight, bias }) {
  const [outputs, inputs] = weight.shape;
  const [rows, columns] = [height - KERNEL + 1, width - KERNEL + 1];
  const out = new Float64Array(outputs * rows * columns);
  const area = height * width;
  let place = 0;
  for (let o = 0; o < outputs; o++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        let sum = bias[o];
        for (let i = 0; i < inputs; i++)
          sum += correlate(weight.values, 9 * (o * inputs + i), values, i * area + y * width + x, width);
        out[place++] = Math.max(0, sum);
      }
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
