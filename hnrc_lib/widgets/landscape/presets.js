// The bounds of every trait (widget.py holds the same) and the settings a reader returns to.
export const RUNS = ["undamped", "clipped", "damped", "decayed"];
const ANY_TEXT = /^[^]*$/;
const SHARE = [0, 1];

export const SCHEMA = {
  run: { options: RUNS },
  current: { min: 0, max: 400, integer: true },
  turn: { min: -180, max: 180 },
  tilt: { min: 10, max: 90 },
  zoom: { min: 1, max: 4 },
  mark: {
    point: [
      [-1, 1],
      [-1, 1],
    ],
  },
  heights: { packed: 2 },
  paths: { packed: 3 },
  losses: { packed: 2 },
  off_plane: { packed: 2 },
  distances: { packed: 2 },
  every: { min: 1, max: 1000, integer: true },
  half_side: { min: 0, max: 1e6 },
  log_range: {
    point: [
      [-12, 12],
      [-12, 12],
    ],
  },
  explained: { point: [SHARE, SHARE] },
  explained_of: { point: RUNS.map(() => SHARE) },
  caption: { text: ANY_TEXT },
};

export const VIEW = { turn: -60, tilt: 40, zoom: 1 };
