// Level sets in closed form. Each surface is A s² + V(t) in coordinates of its own, so that at level c
// s = ±√((c − V(t))/A) wherever V(t) ≤ c.
import { CENTRE, SADDLE, STEEPNESS, unrotatedPoint } from "./surfaces.js";

const OUTSIDE = 3.4; // beyond every corner of the window

const VALLEYS = {
  quadratic: ({ condition_number: kappa }) => ({
    factor: kappa / 2,
    valley: (t) => 0.5 * t * t,
    reach: (level) => [[-Math.sqrt(2 * level), Math.sqrt(2 * level)]],
    place: unrotatedPoint,
  }),
  saddle: () => ({
    factor: SADDLE.across / 2,
    valley: (t) => (SADDLE.along * (t * t - SADDLE.half ** 2) ** 2) / (4 * SADDLE.half ** 2),
    reach: saddleReach,
    place: unrotatedPoint,
  }),
  rosenbrock: () => ({
    factor: STEEPNESS,
    valley: (t) => (1 - t) * (1 - t),
    reach: (level) => [[1 - Math.sqrt(level), 1 + Math.sqrt(level)]],
    place: (s, t) => [t, t * t + s],
  }),
};

// One interval about each minimum below the saddle's own level, one for both above it.
function saddleReach(level) {
  const square = SADDLE.half ** 2;
  const spread = 2 * SADDLE.half * Math.sqrt(level / SADDLE.along);
  const far = Math.sqrt(square + spread);
  if (spread >= square) return [[-far, far]];
  const near = Math.sqrt(square - spread);
  return [
    [near, far],
    [-far, -near],
  ];
}

// Closed curves of points [x, y]; the points crowd where a curve turns.
export function levelCurves(state, level, pieces = 120) {
  const { factor, valley, reach, place } = VALLEYS[state.surface](state);
  return reach(level).map(([from, to]) => {
    const low = Math.max(from, CENTRE[0] - OUTSIDE);
    const high = Math.min(to, CENTRE[0] + OUTSIDE);
    return Array.from({ length: 2 * pieces }, (_, k) => {
      const angle = (Math.PI * k) / pieces;
      const t = (low + high) / 2 - ((high - low) / 2) * Math.cos(angle);
      const s = Math.sqrt(Math.max(0, level - valley(t)) / factor);
      return place(k < pieces ? s : -s, t);
    });
  });
}
