// Four functions of one variable with their first and second derivatives; reference.py holds the same.
export const WINDOW = [-3, 3];
export const FUNCTION_NAMES = ["well", "saddle", "cliff", "kink"];
// what the plot shows of each function's values
export const HEIGHTS = { well: [-0.7, 2.9], saddle: [-0.8, 4], cliff: [-0.4, 5], kink: [-0.5, 4.2] };
const STEEPNESS = 6;

// 2(1 − exp(−u²/2)) + u²/40 with u = x − 1
function well(x) {
  const u = x - 1;
  const bell = Math.exp((-u * u) / 2);
  return {
    value: -2 * Math.expm1((-u * u) / 2) + (u * u) / 40,
    slope: 2 * u * bell + u / 20,
    curvature: 2 * (1 - u * u) * bell + 1 / 20,
  };
}

// u⁴/4 − u³/2 + ½ with u = (x + 1)/1.5: flat at x = −1, where it neither falls to a minimum nor rises
function saddle(x) {
  const u = (x + 1) / 1.5;
  return {
    value: u * u * u * (u / 4 - 1 / 2) + 1 / 2,
    slope: (u * u * (u - 1.5)) / 1.5,
    curvature: (3 * u * (u - 1)) / 2.25,
  };
}

// 0.15 (x − 2.5)² + 3σ(6(x − 1)): a gentle floor that runs into a wall
function cliff(x) {
  const up = 1 / (1 + Math.exp(-STEEPNESS * (x - 1)));
  const down = 1 / (1 + Math.exp(STEEPNESS * (x - 1)));
  return {
    value: 0.15 * (x - 2.5) ** 2 + 3 * up,
    slope: 0.3 * (x - 2.5) + 3 * STEEPNESS * up * down,
    curvature: 0.3 + 3 * STEEPNESS * STEEPNESS * up * down * (down - up),
  };
}

// ½ exp(−x/2) + 1.2 max(0, x); the kink takes the derivative 0 of max(0, x), as programs do
function kink(x) {
  const smooth = Math.exp(-x / 2) / 2;
  return {
    value: smooth + 1.2 * Math.max(0, x),
    slope: -smooth / 2 + (x > 0 ? 1.2 : 0),
    curvature: smooth / 4,
  };
}

const FUNCTIONS = { well, saddle, cliff, kink };

export function evaluate(name, x) {
  return FUNCTIONS[name](x);
}
