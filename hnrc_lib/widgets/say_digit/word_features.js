// One word as a picture of fixed size: what hnrc_lib.audio.FrontEnd makes of it, with slopes and centred.
import { createFrames, melBank, melEnergies } from "../shared/sound/features.js";

const DELTA_REACH = 4;

// Frames from the first loud one to the last, and one more on either side.
function loudPart(powers, decibels) {
  const levels = powers.map((power) => power.reduce((sum, x) => sum + x, 0));
  const least = Math.max(...levels) * 10 ** (-decibels / 10);
  const first = Math.max(levels.findIndex((level) => level >= least) - 1, 0);
  const last = Math.min(levels.findLastIndex((level) => level >= least) + 1, levels.length - 1);
  return [first, last];
}

// Rows by linear interpolation at `count` places from the first row to the last.
function stretched(rows, count) {
  return Array.from({ length: count }, (_, i) => {
    const place = (i / (count - 1)) * (rows.length - 1);
    const before = Math.floor(place);
    const after = Math.min(before + 1, rows.length - 1);
    return rows[before].map((value, m) => value + (place - before) * (rows[after][m] - value));
  });
}

// The slope of the least-squares line through nine rows, the first and the last repeated beyond the ends.
function slopes(rows) {
  const at = (t) => rows[Math.min(Math.max(t, 0), rows.length - 1)];
  let squares = 0;
  for (let k = 1; k <= DELTA_REACH; k++) squares += 2 * k * k;
  return rows.map((row, t) =>
    row.map((_, m) => {
      let sum = 0;
      for (let k = 1; k <= DELTA_REACH; k++) sum += k * (at(t + k)[m] - at(t - k)[m]);
      return sum / squares;
    }),
  );
}

function centred(rows) {
  const means = rows[0].map((_, m) => rows.reduce((sum, row) => sum + row[m], 0) / rows.length);
  return rows.map((row) => row.map((value, m) => value - means[m]));
}

// `settings` are the front end's fields. The result: the seconds heard, and two images, levels and slopes, row by row.
export function createWordFrontEnd(settings) {
  const { sample_rate: rate, n_mels: bands, window_seconds: window, hop_seconds: step } = settings;
  const width = Math.round(window * rate);
  const size = 2 ** Math.ceil(Math.log2(width));
  const hop = Math.round(step * rate);
  const frames = createFrames({ size, window: width, hop });
  const bank = melBank(rate, size, bands);
  return (samples) => {
    const count = frames.count(samples.length);
    const powers = Array.from({ length: count }, (_, t) => frames.power(frames.windowed(samples, t)));
    const [first, last] = loudPart(powers, settings.trim_db);
    const energies = powers.slice(first, last + 1).map((power) => melEnergies(power, bank));
    const loudest = energies.reduce((most, row) => Math.max(most, ...row), 0);
    const floor = settings.floor + loudest * 10 ** (-settings.dynamic_range_db / 10);
    const levels = stretched(
      energies.map((row) => row.map((energy) => Math.log(energy + floor))),
      settings.num_frames,
    );
    return {
      seconds: [(first * hop) / rate, (last * hop) / rate],
      levels: centred(levels),
      slopes: centred(slopes(levels)),
    };
  };
}
