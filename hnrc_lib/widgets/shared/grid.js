// A function sampled on a regular grid: as shading, and as the region below a level.

// Samples of f, which returns `count` numbers, as `count` grids: row by row from the lower left corner.
export function sampleGrids(f, count, [x0, x1], [y0, y1], columns, rows) {
  const grids = Array.from({ length: count }, () => ({
    values: new Float64Array(columns * rows),
    columns,
    rows,
  }));
  for (let j = 0; j < rows; j++) {
    const y = y0 + ((y1 - y0) * j) / (rows - 1);
    for (let i = 0; i < columns; i++) {
      const found = f([x0 + ((x1 - x0) * i) / (columns - 1), y]);
      for (let k = 0; k < count; k++) grids[k].values[j * columns + i] = found[k];
    }
  }
  return grids;
}

// A picture of the samples in one colour [red, green, blue], one pixel each; opacity(value) is in 0…1.
export function shadeGrid({ values, columns, rows }, [red, green, blue], opacity) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const k = 4 * ((rows - 1 - j) * columns + i);
      image.data[k] = red;
      image.data[k + 1] = green;
      image.data[k + 2] = blue;
      image.data[k + 3] = 255 * opacity(values[j * columns + i]);
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Adds the region where the samples are at most `level` to `path`: whole cells in runs, cut cells as polygons.
export function traceBelow(grid, level, path, toPixels) {
  const { values, columns, rows } = grid;
  const inside = (i, j) => values[j * columns + i] <= level;
  const polygon = (points) => {
    points.forEach((point, k) => (k ? path.lineTo(...point) : path.moveTo(...point)));
    path.closePath();
  };
  for (let j = 0; j < rows - 1; j++) {
    let from = -1;
    for (let i = 0; i < columns; i++) {
      const count =
        i === columns - 1 ? 0 : inside(i, j) + inside(i + 1, j) + inside(i + 1, j + 1) + inside(i, j + 1);
      if (count === 4 && from < 0) from = i;
      if (count === 4) continue;
      if (from >= 0) polygon([toPixels(from, j), toPixels(i, j), toPixels(i, j + 1), toPixels(from, j + 1)]);
      from = -1;
      if (count > 0) polygon(cutCell(grid, level, i, j).map(([a, b]) => toPixels(a, b)));
    }
  }
}

// The part of one cell at or below the level, counter-clockwise in grid coordinates.
function cutCell({ values, columns }, level, i, j) {
  const corners = [
    [i, j],
    [i + 1, j],
    [i + 1, j + 1],
    [i, j + 1],
  ];
  const height = ([a, b]) => values[b * columns + a];
  const points = [];
  corners.forEach((corner, k) => {
    const next = corners[(k + 1) % 4];
    const [here, there] = [height(corner), height(next)];
    if (here <= level) points.push(corner);
    if (here <= level === there <= level) return;
    const share = (level - here) / (there - here);
    points.push([corner[0] + share * (next[0] - corner[0]), corner[1] + share * (next[1] - corner[1])]);
  });
  return points;
}
