// What the runs of a combination come to, and sounds in eight bits; no drawing.
export const MEASURES = ["loss", "error"];
const [MU, MIDDLE, LEVELS] = [255, 128, 127];
export const LEAST_LOSS = 1e-6;

// Mean and spread over the rows that have not diverged; NaN where none is left.
export function summarise(rows) {
  const [mean, low, high] = [[], [], []];
  for (let mark = 0; mark < rows[0].length; mark++) {
    let [sum, count, least, greatest] = [0, 0, Infinity, -Infinity];
    for (const row of rows) {
      const value = row[mark];
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
    }
    mean.push(count ? sum / count : NaN);
    low.push(count ? least : NaN);
    high.push(count ? greatest : NaN);
  }
  return { mean, low, high };
}

// A colour's place from 0, the least of the domain, to 1; logarithmic for the loss.
export function shade(value, measure, domain) {
  const place = (number) => (measure === "loss" ? Math.log(Math.max(number, LEAST_LOSS)) : number);
  const [low, high] = domain.map(place);
  return high > low ? Math.min(1, Math.max(0, (place(value) - low) / (high - low))) : 0;
}

const finishedOf = (heard) => heard.filter((row) => row.every((digit) => digit >= 0));
const countWrong = (row, digits) => row.reduce((sum, digit, clip) => sum + (digit !== digits[clip]), 0);

// The clips that some run misreads, and what each run heard; most often misread first.
export function misread(heard, digits) {
  const finished = finishedOf(heard);
  const found = Array.from(digits, (digit, clip) => {
    const read = finished.map((row) => row[clip]);
    return { clip, digit, read, wrong: read.filter((other) => other !== digit).length };
  });
  return found.filter(({ wrong }) => wrong).sort((a, b) => b.wrong - a.wrong || a.clip - b.clip);
}

export function meanMisread(heard, digits) {
  const finished = finishedOf(heard);
  const wrong = finished.reduce((sum, row) => sum + countWrong(row, digits), 0);
  return finished.length ? wrong / finished.length : NaN;
}

export function fromMuLaw(codes) {
  return Float64Array.from(codes, (code) => {
    const bent = (code - MIDDLE) / LEVELS;
    return (Math.sign(bent) * ((1 + MU) ** Math.abs(bent) - 1)) / MU;
  });
}

// The matrix: rows of `dampings` and columns of `clips` between the margins of a box.
const MARGIN = { left: 46, right: 6, top: 24, bottom: 6 };

export function cellBox([row, column], [rows, columns], { width, height }) {
  const wide = (width - MARGIN.left - MARGIN.right) / columns;
  const tall = (height - MARGIN.top - MARGIN.bottom) / rows;
  return { x: MARGIN.left + column * wide, y: MARGIN.top + row * tall, wide, tall };
}

// The row and the column, not rounded, that have their middle at a pixel.
export function placeAt([x, y], shape, box) {
  const { wide, tall, ...origin } = cellBox([0, 0], shape, box);
  return [(y - origin.y) / tall - 0.5, (x - origin.x) / wide - 0.5];
}

export function cellAt(pixel, shape, box) {
  return placeAt(pixel, shape, box).map((place, k) => Math.min(shape[k] - 1, Math.max(0, Math.round(place))));
}
