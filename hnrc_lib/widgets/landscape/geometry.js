// Turning, projecting, the painter's order, heights between grid points, and the point under a pixel; no drawing.
// A grid is { values, columns, rows }: heights in 0…1 over the square −1…1, row by row from y = −1.
import { clamp } from "../shared/scale.js";

export const RELIEF = 1.1; // height of the surface, whose half side is 1

export function viewOf({ turn, tilt }) {
  const [a, e] = [turn, tilt].map((degrees) => (degrees * Math.PI) / 180);
  return { cosTurn: Math.cos(a), sinTurn: Math.sin(a), cosTilt: Math.cos(e), sinTilt: Math.sin(e) };
}

// [to the right, upwards, depth behind the middle], in parallel projection.
export function project({ cosTurn, sinTurn, cosTilt, sinTilt }, [x, y, z]) {
  const ahead = x * sinTurn + y * cosTurn;
  const up = RELIEF * (z - 0.5);
  return [x * cosTurn - y * sinTurn, ahead * sinTilt + up * cosTilt, ahead * cosTilt - up * sinTilt];
}

function counted(count, backwards) {
  return Array.from({ length: count }, (_, k) => (backwards ? count - 1 - k : k));
}

// Cells j·(columns − 1) + i of a height field, each before all that can hide it.
export function paintersOrder({ cosTurn, sinTurn }, { columns, rows }) {
  const across = counted(columns - 1, sinTurn > 0);
  return counted(rows - 1, cosTurn > 0).flatMap((j) => across.map((i) => j * (columns - 1) + i));
}

// Of a cell, the neighbour across its corner towards the reader, at the edge the cell nearest to that.
export function nearerCell({ cosTurn, sinTurn }, { columns, rows }, cell) {
  const across = (cell % (columns - 1)) + (sinTurn > 0 ? -1 : 1);
  const along = Math.floor(cell / (columns - 1)) + (cosTurn > 0 ? -1 : 1);
  return clamp(along, 0, rows - 2) * (columns - 1) + clamp(across, 0, columns - 2);
}

// Bilinear between grid points; beyond the edge, the edge's.
export function heightAt({ values, columns, rows }, [x, y]) {
  const place = (value, count) => clamp(((value + 1) / 2) * (count - 1), 0, count - 1);
  const [across, along] = [place(x, columns), place(y, rows)];
  const i = Math.min(Math.trunc(across), columns - 2);
  const j = Math.min(Math.trunc(along), rows - 2);
  const [s, t] = [across - i, along - j];
  const k = j * columns + i;
  const low = values[k] * (1 - s) + values[k + 1] * s;
  const high = values[k + columns] * (1 - s) + values[k + columns + 1] * s;
  return low * (1 - t) + high * t;
}

export function cellOf({ columns, rows }, [x, y]) {
  const place = (value, count) => clamp(Math.floor(((value + 1) / 2) * (count - 1)), 0, count - 2);
  return place(y, rows) * (columns - 1) + place(x, columns);
}

// Every grid point projected: x0, y0, x1, y1, …
export function projectGrid(view, { values, columns, rows }) {
  const found = new Float64Array(2 * columns * rows);
  for (let j = 0, k = 0; j < rows; j++) {
    const y = -1 + (2 * j) / (rows - 1);
    for (let i = 0; i < columns; i++, k++) {
      const [right, up] = project(view, [-1 + (2 * i) / (columns - 1), y, values[k]]);
      found[2 * k] = right;
      found[2 * k + 1] = up;
    }
  }
  return found;
}

// [s, t] with p = a + s (b − a) + t (c − a), for the triangle's points s, t ≥ 0 and s + t ≤ 1; else null.
function within([px, py], [ax, ay], [bx, by], [cx, cy]) {
  const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
  if (area === 0) return null;
  const s = ((px - ax) * (cy - ay) - (cx - ax) * (py - ay)) / area;
  const t = ((bx - ax) * (py - ay) - (px - ax) * (by - ay)) / area;
  return s >= 0 && t >= 0 && s + t <= 1 ? [s, t] : null;
}

// The point [x, y] of the plane that is seen at a place of the picture, or null beside the surface.
export function pick(view, grid, [right, up]) {
  const { columns, rows } = grid;
  const places = projectGrid(view, grid);
  const at = (k) => [places[2 * k], places[2 * k + 1]];
  const order = paintersOrder(view, grid);
  for (let n = order.length - 1; n >= 0; n--) {
    const [i, j] = [order[n] % (columns - 1), Math.floor(order[n] / (columns - 1))];
    const k = j * columns + i;
    const [a, b, c, d] = [k, k + 1, k + columns + 1, k + columns].map(at);
    const lower = within([right, up], a, b, c);
    const upper = lower ? null : within([right, up], a, c, d);
    if (!lower && !upper) continue;
    const [s, t] = lower ? [lower[0] + lower[1], lower[1]] : [upper[0], upper[0] + upper[1]];
    return [-1 + (2 * (i + s)) / (columns - 1), -1 + (2 * (j + t)) / (rows - 1)];
  }
  return null;
}
