// A spectrum's density, its bins under a damping, and what there is to say of it; no drawing.
export const SCALES = ["symlog", "linear"];
export const SOURCES = ["exact", "lanczos"];
export const UNIT = 1e-4; // the symmetric logarithm is linear within
export const POINTS = 241;
export const BINS = 28;
const WIDTHS = 90;
const MARGIN = 0.04;
const NULL = 1e-10;

export function toAxis(value, scale) {
  return scale === "symlog" ? Math.asinh(value / UNIT) : value;
}

export function fromAxis(place, scale) {
  return scale === "symlog" ? UNIT * Math.sinh(place) : place;
}

export function rowOf({ values, shape: [, columns] }, index) {
  return Float64Array.from(values.subarray(index * columns, (index + 1) * columns));
}

function ends(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}

// The ends of the axis, which all stages share.
export function axisDomain({ values }, scale) {
  const [low, high] = ends(values);
  const [left, right] = [toAxis(Math.min(low, 0), scale), toAxis(high, scale)];
  return [left - MARGIN * (right - left), right + MARGIN * (right - left)];
}

const REACH = 81; // squared distance in standard deviations: beyond, a Gaussian is below 10⁻¹⁷ of its peak

// A quadrature smoothed by a Gaussian.
export function density(places, weights, points, width) {
  const unit = width * Math.sqrt(2 * Math.PI);
  return points.map((t) => {
    let sum = 0;
    for (let j = 0; j < places.length; j++) {
      const square = ((t - places[j]) / width) ** 2;
      if (square < REACH) sum += weights[j] * Math.exp(-square / 2);
    }
    return sum / unit;
  });
}

export function curve(nodes, weights, scale, [low, high]) {
  const points = Array.from({ length: POINTS }, (_, k) => low + ((high - low) * k) / (POINTS - 1));
  const places = nodes.map((node) => toAxis(node, scale));
  const values = density(places, weights, points, (high - low) / WIDTHS);
  return points.map((point, k) => [point, values[k]]);
}

// The share of Newton's step that is left along an eigenvector.
export function shrinkage(value, damping) {
  return value + damping === 0 ? NaN : value / (value + damping);
}

export function bins(nodes, weights, scale, [low, high], damping) {
  const shares = new Float64Array(BINS);
  const totals = new Float64Array(BINS);
  nodes.forEach((node, j) => {
    const place = Math.floor(((toAxis(node, scale) - low) / (high - low)) * BINS);
    const k = Math.min(BINS - 1, Math.max(0, place));
    shares[k] += weights[j];
    totals[k] += weights[j] * node;
  });
  const filled = [...shares.keys()].filter((k) => shares[k] > 0);
  return filled.map((k) => {
    const mean = totals[k] / shares[k];
    return { mean, share: shares[k], factor: shrinkage(mean, damping) };
  });
}

export function inspect(eigenvalues, damping) {
  const [smallest, largest] = ends(eigenvalues);
  const zero = NULL * Math.max(Math.abs(smallest), Math.abs(largest));
  const count = (test) => eigenvalues.reduce((sum, value) => sum + test(value), 0);
  const indefinite = count((value) => value + damping <= 0);
  return {
    smallest,
    largest,
    negative: count((value) => value < -zero),
    zero: count((value) => Math.abs(value) <= zero),
    drowned: count((value) => Math.abs(value) < damping) / eigenvalues.length,
    indefinite,
    needed: Math.max(0, -smallest),
    condition: indefinite ? null : (largest + damping) / (smallest + damping),
  };
}

// The least λ of three digits that is greater than −h_min.
export function optimum(needed) {
  if (needed <= 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(needed)) - 2);
  const above = Math.floor(needed / unit) + 1;
  const found = Number((above * unit).toPrecision(3));
  return found > needed ? found : Number(((above + 1) * unit).toPrecision(3));
}
