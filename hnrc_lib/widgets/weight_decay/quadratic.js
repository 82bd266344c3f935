// The loss ½(θ − θ*)ᵀH(θ − θ*) and where each decay puts its minimum: pure numbers, the same as in reference.py.
export const LARGEST_STRENGTH = 2.5;
export const LARGEST_RATIO = 9;
export const ROUNDING = 1e-12;

// −1, 0 and 1 for each coordinate, the sparser patterns first: where rounding cannot tell, a coordinate counts as 0
const PATTERNS = [-1, 0, 1]
  .flatMap((first) => [-1, 0, 1].map((second) => [first, second]))
  .sort((a, b) => Math.abs(a[0]) + Math.abs(a[1]) - Math.abs(b[0]) - Math.abs(b[1]));

// The flat direction, along which the curvature is 1/ratio, and the steep one, where it is 1.
export function directions({ angle }) {
  const turn = (angle * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
  return [
    [cosine, sine],
    [-sine, cosine],
  ];
}

export function hessian(state) {
  const [[cosine, sine]] = directions(state);
  const flat = 1 / state.ratio;
  const across = cosine * sine * (flat - 1);
  return [
    [flat * cosine * cosine + sine * sine, across],
    [across, flat * sine * sine + cosine * cosine],
  ];
}

export function apply([[a, b], [c, d]], [x, y]) {
  return [a * x + b * y, c * x + d * y];
}

export function solve([[a, b], [c, d]], [x, y]) {
  const determinant = a * d - b * c;
  return [(d * x - b * y) / determinant, (a * y - c * x) / determinant];
}

// H + λI
export function shifted([[a, b], [c, d]], strength) {
  return [
    [a + strength, b],
    [c, d + strength],
  ];
}

export function softThreshold(values, threshold) {
  return values.map((x) => Math.sign(x) * Math.max(Math.abs(x) - threshold, 0));
}

// The stationary point with these signs, and by how much it violates the conditions of a minimum.
function onPattern(matrix, pull, strength, signs) {
  const right = pull.map((x, i) => x - strength * signs[i]);
  let theta = [0, 1].map((i) => (signs[i] ? right[i] / matrix[i][i] : 0));
  if (signs[0] && signs[1]) theta = solve(matrix, right);
  const image = apply(matrix, theta);
  const violations = signs.map((sign, i) =>
    sign ? -sign * theta[i] * matrix[i][i] : Math.abs(pull[i] - image[i]) - strength,
  );
  return { theta, violation: Math.max(0, ...violations) };
}

// The minimiser of the loss plus λ(|θ₁| + |θ₂|): the one pattern of signs whose conditions hold.
export function l1Minimiser(matrix, optimum, strength) {
  const pull = apply(matrix, optimum);
  const allowed = ROUNDING * (Math.max(...pull.map(Math.abs)) + strength);
  const found = PATTERNS.map((signs) => onPattern(matrix, pull, strength, signs));
  const good = found.find(({ violation }) => violation <= allowed);
  return (good ?? found.reduce((best, each) => (each.violation < best.violation ? each : best))).theta;
}

// Decoupled decay beside Newton's steps rests where none of the loss's curvature counts.
export function isStraight({ penalty, steps }) {
  return penalty === "decoupled" && steps === "newton";
}

export function minimiser(state, strength = state.strength) {
  const matrix = hessian(state);
  if (state.penalty === "l1") return l1Minimiser(matrix, state.optimum, strength);
  if (isStraight(state)) return state.optimum.map((x) => x / (1 + strength));
  return solve(shifted(matrix, strength), apply(matrix, state.optimum));
}

// The region over which the bare loss has the same minimiser.
export function constraint(state) {
  const theta = minimiser(state);
  if (state.penalty === "l1") return { kind: "diamond", radius: Math.abs(theta[0]) + Math.abs(theta[1]) };
  if (!isStraight(state)) return { kind: "ball", radius: Math.hypot(...theta) };
  const [x, y] = apply(hessian(state), theta);
  return { kind: "ellipse", radius: Math.sqrt(theta[0] * x + theta[1] * y) };
}

export function bareLoss(state, theta) {
  const off = theta.map((x, i) => x - state.optimum[i]);
  const [x, y] = apply(hessian(state), off);
  return (off[0] * x + off[1] * y) / 2;
}

// Eigenvalues of the loss, and of what is minimised: steep first.
export function eigenvalues({ ratio, penalty, strength }) {
  const bare = [1, 1 / ratio];
  return { bare, shifted: bare.map((h) => h + (penalty === "l2" ? strength : 0)) };
}

// Every λ > 0 at which L1's path may bend: between two of them it is straight.
export function breakpoints(state) {
  const matrix = hessian(state);
  const { optimum } = state;
  const pull = apply(matrix, optimum);
  const found = pull.map(Math.abs);
  for (const signs of [
    [1, 1],
    [1, -1],
  ]) {
    const speed = solve(matrix, signs);
    found.push(...optimum.map((x, i) => Math.abs(x / speed[i])));
  }
  for (const i of [0, 1]) {
    const share = matrix[0][1] / matrix[i][i]; // how much of θᵢ's pull reaches the other coordinate
    const rest = pull[1 - i] - share * pull[i];
    for (const side of [1, -1]) found.push(Math.abs(rest / (side - share)));
  }
  const inside = found.filter((x) => Number.isFinite(x) && x > ROUNDING && x <= LARGEST_STRENGTH);
  return inside.sort((a, b) => a - b).filter((x, k, all) => k === 0 || x !== all[k - 1]);
}

// [λ, θ₁, θ₂] along the minimiser's path from λ = 0: exact corners for L1, samples of the curves.
export function pathOf(state, samples = 100) {
  const even = Array.from({ length: samples + 1 }, (_, k) => (k * LARGEST_STRENGTH) / samples);
  const strengths = state.penalty === "l1" ? [0, ...breakpoints(state), LARGEST_STRENGTH] : even;
  return strengths.map((strength) => [strength, ...minimiser(state, strength)]);
}

// Every λ > 0 at which one more coordinate of L1's minimiser becomes exactly 0, in order.
export function zeroStrengths(state) {
  const corners = pathOf({ ...state, penalty: "l1" }).slice(0, -1);
  const count = ([, ...theta]) => theta.filter((x) => x === 0).length;
  return corners.filter((corner, k) => k > 0 && count(corner) > count(corners[k - 1])).map(([strength]) => strength);
}
