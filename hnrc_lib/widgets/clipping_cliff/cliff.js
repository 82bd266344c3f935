// A one-unit recurrent net x_t = wσ(x_{t−1}) + b, its loss (σ(x_T) − 0.7)² and the exact gradient in (w, b);
// reference.py holds the same.
export const UNROLLED = 50;
export const TARGET = 0.7;
const FIRST = 0.5; // x_0, as in Pascanu, Mikolov and Bengio (2013)

export const WINDOW = [
  [2, 7],
  [-4.4, 0.6],
];

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

// σ(x_T)
export function outputAt([weight, bias]) {
  let x = FIRST;
  for (let t = 0; t < UNROLLED; t++) x = weight * sigmoid(x) + bias;
  return sigmoid(x);
}

export function lossAt(point) {
  return (outputAt(point) - TARGET) ** 2;
}

// {loss, gradient: [g_w, g_b]}: the derivatives of x_t run along with x_t.
export function evaluate([weight, bias]) {
  let [x, byWeight, byBias] = [FIRST, 0, 0];
  for (let t = 0; t < UNROLLED; t++) {
    const active = sigmoid(x);
    const slope = weight * active * (1 - active);
    byWeight = active + slope * byWeight;
    byBias = 1 + slope * byBias;
    x = weight * active + bias;
  }
  const active = sigmoid(x);
  const factor = 2 * (active - TARGET) * active * (1 - active);
  return { loss: (active - TARGET) ** 2, gradient: [factor * byWeight, factor * byBias] };
}

export function isInside(point) {
  return point.every((x, i) => x >= WINDOW[i][0] && x <= WINDOW[i][1]);
}

// Where the segment from a point inside the window to one outside crosses the edge.
export function toEdge(start, end) {
  const shares = end.map((x, i) => {
    const bound = x > WINDOW[i][1] ? WINDOW[i][1] : x < WINDOW[i][0] ? WINDOW[i][0] : null;
    return bound === null ? 1 : (bound - start[i]) / (x - start[i]);
  });
  const share = Math.min(...shares);
  return start.map((x, i) => x + share * (end[i] - x));
}
