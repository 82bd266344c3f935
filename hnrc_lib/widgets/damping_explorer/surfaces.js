// Three losses of two parameters with gradient and Hessian in closed form; reference.py holds the same.
const ANGLE = Math.PI / 6; // turns the eigenvectors away from the axes, so that the two views differ
const COS = Math.cos(ANGLE);
const SIN = Math.sin(ANGLE);
export const SADDLE = { across: 4, along: 2, half: 1.5 };
export const STEEPNESS = 100; // Rosenbrock (1960)

export const CENTRE = [0, 1];
export const WINDOW = [
  [-2.2, 2.2],
  [-1.2, 3.2],
];
export const SURFACE_NAMES = ["quadratic", "saddle", "rosenbrock"];

// Coordinates along the steep direction (COS, SIN) and the flat one (−SIN, COS), from CENTRE.
function rotated([x, y]) {
  const dx = x - CENTRE[0];
  const dy = y - CENTRE[1];
  return [COS * dx + SIN * dy, COS * dy - SIN * dx];
}

export function unrotatedPoint(u, v) {
  return [CENTRE[0] + COS * u - SIN * v, CENTRE[1] + SIN * u + COS * v];
}

// Gradient and Hessian of a sum of functions of the rotated coordinates, back in (x, y).
function unrotated(loss, du, dv, duu, dvv) {
  const gradient = [COS * du - SIN * dv, SIN * du + COS * dv];
  const hessian = [
    COS * COS * duu + SIN * SIN * dvv,
    COS * SIN * (duu - dvv),
    SIN * SIN * duu + COS * COS * dvv,
  ];
  return { loss, gradient, hessian };
}

// ½ (κ u² + v²)
function quadratic(point, condition) {
  const [u, v] = rotated(point);
  return unrotated(0.5 * (condition * u * u + v * v), condition * u, v, condition, 1);
}

// ½ a u² + b (v² − s²)² / 4s²: a saddle at CENTRE between two minima of loss 0 at v = ±s
function saddle(point) {
  const { across: a, along: b, half: s } = SADDLE;
  const [u, v] = rotated(point);
  const square = s * s;
  const excess = v * v - square;
  const loss = 0.5 * a * u * u + (b * excess * excess) / (4 * square);
  const [slope, curvature] = [(b * v * excess) / square, (b * (3 * v * v - square)) / square];
  return unrotated(loss, a * u, slope, a, curvature);
}

// (1 − x)² + 100 (y − x²)²
function rosenbrock([x, y]) {
  const above = y - x * x;
  return {
    loss: (1 - x) * (1 - x) + STEEPNESS * above * above,
    gradient: [-2 * (1 - x) - 4 * STEEPNESS * x * above, 2 * STEEPNESS * above],
    hessian: [2 - 4 * STEEPNESS * above + 8 * STEEPNESS * x * x, -4 * STEEPNESS * x, 2 * STEEPNESS],
  };
}

const SURFACES = { quadratic, saddle, rosenbrock };

// {loss, gradient: [gₓ, g_y], hessian: [hₓₓ, hₓ_y, h_y_y]} of a surface at a point.
export function evaluate({ surface, condition_number }, point) {
  return SURFACES[surface](point, condition_number);
}

// Every minimiser; all have loss 0.
export function minimisers({ surface }) {
  if (surface === "rosenbrock") return [[1, 1]];
  if (surface === "quadratic") return [CENTRE];
  return [1, -1].map((side) => [CENTRE[0] - side * SADDLE.half * SIN, CENTRE[1] + side * SADDLE.half * COS]);
}

export function distanceToMinimum(state, [x, y]) {
  return Math.min(...minimisers(state).map(([a, b]) => Math.hypot(x - a, y - b)));
}

// Eigenvalues, largest first, and unit eigenvectors of the symmetric matrix [[a, b], [b, c]].
export function eigen([a, b, c]) {
  const mean = (a + c) / 2;
  const radius = Math.hypot((a - c) / 2, b);
  const angle = 0.5 * Math.atan2(2 * b, a - c);
  const vectors = [
    [Math.cos(angle), Math.sin(angle)],
    [-Math.sin(angle), Math.cos(angle)],
  ];
  return { values: [mean + radius, mean - radius], vectors };
}
