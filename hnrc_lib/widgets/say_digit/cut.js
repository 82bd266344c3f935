// What of a sound reaches the network: a part of it, and noise of a stated level; reference.py holds the same.
export const LEAST = 800; // samples that are heard at least
const STEP = 0x6d2b79f5;

// White and uniform in ±1, the same for everybody: T. Ettinger's mulberry32.
export function whiteNoise(length) {
  const noise = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const a = Math.imul(i + 1, STEP);
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    noise[i] = ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  }
  return noise;
}

// First sample and the one after the last; at least LEAST where the sound has so many.
export function bounds(length, [start, end]) {
  const size = Math.min(LEAST, length);
  const first = Math.min(Math.floor(start * length), length - size);
  return [first, Math.max(Math.floor(end * length), first + size)];
}

// The part, and noise `snr` decibels below its mean power.
export function heardPart(samples, part, snr) {
  const heard = samples.slice(...bounds(samples.length, part));
  const power = heard.reduce((sum, x) => sum + x * x, 0) / heard.length;
  const size = Math.sqrt(3 * power * 10 ** (-snr / 10)); // uniform noise in ±1 has power ⅓
  const noise = whiteNoise(heard.length);
  return heard.map((x, i) => x + size * noise[i]);
}
