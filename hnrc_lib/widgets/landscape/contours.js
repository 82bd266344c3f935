// Level lines of a grid: marching squares with linear interpolation along edges; no drawing.

// The losses 1, 2 and 5 times a power of ten strictly between 10^low and 10^high.
export function niceLevels([low, high]) {
  const found = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++)
    for (const factor of [1, 2, 5]) {
      const level = Number(`${factor}e${power}`);
      if (low < Math.log10(level) && Math.log10(level) < high) found.push(level);
    }
  return found;
}

// Where the level crosses a cell's edges, in their order around it.
function crossings(corners, values, level, { columns, rows }) {
  const ends = [];
  for (let k = 0; k < 4; k++) {
    const [here, there] = [values[k], values[(k + 1) % 4]];
    if (here > level === there > level) continue;
    const share = (level - here) / (there - here);
    const [[i, j], [a, b]] = [corners[k], corners[(k + 1) % 4]];
    ends.push([-1 + (2 * (i + share * (a - i))) / (columns - 1), -1 + (2 * (j + share * (b - j))) / (rows - 1)]);
  }
  return ends;
}

// The pieces of one cell's line: pairs of ends; where corners alternate, the mean of the four says which hang together.
function piecesOf(own, level, i, j, grid) {
  const corners = [
    [i, j],
    [i + 1, j],
    [i + 1, j + 1],
    [i, j + 1],
  ];
  const ends = crossings(corners, own, level, grid);
  return pairs(own, level, ends.length).map(([a, b]) => [...ends[a], ...ends[b]]);
}

// For each level its line as pieces [cell, x, y, x, y].
export function contours(grid, levels) {
  const { values, columns, rows } = grid;
  const lines = levels.map(() => []);
  for (let j = 0; j < rows - 1; j++) {
    for (let i = 0; i < columns - 1; i++) {
      const k = j * columns + i;
      const own = [values[k], values[k + 1], values[k + columns + 1], values[k + columns]];
      const low = Math.min(own[0], own[1], own[2], own[3]);
      const high = Math.max(own[0], own[1], own[2], own[3]);
      const cell = j * (columns - 1) + i;
      for (let n = 0; n < levels.length; n++) {
        if (!(low <= levels[n] && levels[n] < high)) continue;
        for (const piece of piecesOf(own, levels[n], i, j, grid)) lines[n].push([cell, ...piece]);
      }
    }
  }
  return lines;
}

function pairs(own, level, count) {
  if (count === 2) return [[0, 1]];
  const joined = (own[0] + own[1] + own[2] + own[3]) / 4 > level;
  return own[0] > level === joined
    ? [
        [0, 1],
        [2, 3],
      ]
    : [
        [3, 0],
        [1, 2],
      ];
}
