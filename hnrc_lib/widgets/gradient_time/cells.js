// A recurrent cell's trajectory and the Jacobian of each of its steps: pure numbers, the same as in reference.py.
// Matrices are flat, row by row. As torch orders an LSTM's gates; cells without gates take the candidate's.
const GATES = { input: 0, forget: 1, candidate: 2, output: 3 };

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

// ρW of one gate.
function weightsOf({ recurrent: { values, shape }, radius }, gate) {
  const size = shape[1] * shape[2];
  return Float64Array.from(values.subarray(gate * size, (gate + 1) * size), (w) => radius * w);
}

function inputAt({ values, shape }, gate, t) {
  const start = (gate * shape[1] + t) * shape[2];
  return values.subarray(start, start + shape[2]);
}

// W·h + noise + bias
function activation(matrix, hidden, noise, bias = 0) {
  const n = hidden.length;
  return Float64Array.from(hidden, (_, row) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += matrix[row * n + k] * hidden[k];
    return sum + noise[row] + bias;
  });
}

// The matrix with row i multiplied by factors[i].
function scaledRows(matrix, factors) {
  const n = factors.length;
  return matrix.map((x, k) => factors[Math.floor(k / n)] * x);
}

function plainJacobians(state) {
  const { inputs, length, cell } = state;
  const matrix = weightsOf(state, GATES.candidate);
  let hidden = new Float64Array(inputs.shape[2]);
  const found = [];
  for (let t = 0; t < length; t++) {
    hidden = activation(matrix, hidden, inputAt(inputs, GATES.candidate, t));
    if (cell === "linear") {
      found.push({ dense: matrix });
      continue;
    }
    hidden = hidden.map(Math.tanh);
    const slopes = hidden.map((h) => 1 - h * h);
    found.push({ dense: scaledRows(matrix, slopes) });
  }
  return found;
}

// One step of an LSTM from (hidden, before): the next pair, and the Jacobian of the step over (h, c).
function lstmStep(weights, noise, bias, hidden, before) {
  const n = hidden.length;
  const act = (gate, squash) =>
    activation(weights[gate], hidden, noise(gate), gate === GATES.forget ? bias : 0).map(squash);
  const [i, f, o] = [GATES.input, GATES.forget, GATES.output].map((gate) => act(gate, sigmoid));
  const g = act(GATES.candidate, Math.tanh);
  const cell = before.map((c, k) => f[k] * c + i[k] * g[k]);
  const squashed = cell.map(Math.tanh);
  const [dense, opens] = [new Float64Array(2 * n * n), new Float64Array(n)];
  for (let row = 0; row < n; row++) {
    const slopes = [
      g[row] * i[row] * (1 - i[row]),
      before[row] * f[row] * (1 - f[row]),
      i[row] * (1 - g[row] * g[row]),
    ];
    const opened = o[row] * (1 - squashed[row] * squashed[row]);
    const opening = squashed[row] * o[row] * (1 - o[row]);
    for (let k = 0; k < n; k++) {
      const at = row * n + k;
      const inner = slopes[0] * weights[0][at] + slopes[1] * weights[1][at] + slopes[2] * weights[2][at];
      dense[at] = opening * weights[GATES.output][at] + opened * inner;
      dense[n * n + at] = inner;
    }
    opens[row] = opened * f[row];
  }
  return { hidden: squashed.map((s, k) => o[k] * s), cell, jacobian: { dense, opens, forgets: f } };
}

function lstmJacobians(state) {
  const { inputs, length, forget_bias: bias } = state;
  const weights = Object.values(GATES).map((gate) => weightsOf(state, gate));
  let hidden = new Float64Array(inputs.shape[2]);
  let cell = hidden;
  const found = [];
  for (let t = 0; t < length; t++) {
    const step = lstmStep(weights, (gate) => inputAt(inputs, gate, t), bias, hidden, cell);
    ({ hidden, cell } = step);
    found.push(step.jacobian);
  }
  return found;
}

// ∂s_t/∂s_{t−1} for t = 1 … T along the trajectory from s₀ = 0; s = h, or (h, c) for an LSTM. `dense` holds the
// columns of h; those of c are two diagonals, `opens` above `forgets`.
export function stepJacobians(state) {
  return state.cell === "lstm" ? lstmJacobians(state) : plainJacobians(state);
}

// ‖∂h_τ/∂s_t‖_F/√n for t = 0 … τ: one row of the triangle.
export function gainRow(jacobians, units, last) {
  const row = new Float64Array(last + 1);
  row[last] = 1;
  if (last === 0) return row;
  let [hidden, cell] = [new Float64Array(units * units), new Float64Array(units * units)];
  let next = new Float64Array(units * units);
  for (let k = 0; k < units; k++) hidden[k * units + k] = 1;
  for (let t = last; t > 0; t--) {
    multiply(hidden, cell, jacobians[t - 1], units, next);
    [hidden, next] = [next, hidden];
    row[t - 1] = Math.sqrt((sumOfSquares(hidden) + sumOfSquares(cell)) / units);
  }
  return row;
}

function sumOfSquares(values) {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] * values[k];
  return sum;
}

// (hidden | cell) times one step's Jacobian: the columns of h go into `result`, those of c into `cell` itself.
function multiply(hidden, cell, { dense, opens, forgets }, n, result) {
  const half = n * n;
  for (let start = 0; start < half; start += n) {
    for (let k = 0; k < n; k++) {
      let sum = 0;
      for (let j = 0, at = k; j < n; j++, at += n) sum += hidden[start + j] * dense[at];
      if (opens) for (let j = 0, at = half + k; j < n; j++, at += n) sum += cell[start + j] * dense[at];
      result[start + k] = sum;
    }
  }
  if (!opens) return;
  for (let at = 0; at < half; at++) cell[at] = hidden[at] * opens[at % n] + cell[at] * forgets[at % n];
}

// The spectral norm of the candidate's W, by Jacobi's rotations of WᵀW.
export function spectralNorm({ values, shape }) {
  const n = shape[1];
  const w = values.subarray(GATES.candidate * n * n, (GATES.candidate + 1) * n * n);
  const gram = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += w[k * n + i] * w[k * n + j];
      return sum;
    }),
  );
  for (let sweep = 0; sweep < 12; sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(gram, p, q);
  return Math.sqrt(Math.max(...gram.map((row, k) => row[k])));
}

// Makes the entries (p, q) and (q, p) of a symmetric matrix 0.
function rotate(matrix, p, q) {
  if (matrix[p][q] === 0) return;
  const angle = Math.atan2(2 * matrix[p][q], matrix[q][q] - matrix[p][p]) / 2;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  for (const row of matrix) [row[p], row[q]] = [cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]];
  const [first, second] = [matrix[p], matrix[q]];
  matrix[p] = first.map((x, k) => cosine * x - sine * second[k]);
  matrix[q] = second.map((x, k) => sine * first[k] + cosine * x);
}
