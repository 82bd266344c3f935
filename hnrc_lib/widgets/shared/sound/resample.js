// Another sample rate by a windowed sinc, band-limited to the lower of both rates, so that nothing is folded.
const CROSSINGS = 64; // of the sinc on either side
const CUTOFF = 0.955; // of the lower rate's half: the stop band begins at that half
const BETA = 8.96; // Kaiser (1974): 90 dB

// I₀, the modified Bessel function
function bessel(x) {
  let [term, sum] = [1, 1];
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestDivisor(a, b) {
  return b ? greatestDivisor(b, a % b) : a;
}

// y[m] = Σ_k x[k]·h(m·from/to − k): ⌈T·to/from⌉ samples, the first at the time of the first.
export function resample(samples, from, to) {
  for (const [name, rate] of Object.entries({ from, to }))
    if (!Number.isInteger(rate) || rate < 1)
      throw new RangeError(`${name} must be a whole number of hertz, got ${JSON.stringify(rate)}`);
  if (from === to) return Float64Array.from(samples);
  const divisor = greatestDivisor(from, to);
  const [up, down] = [to / divisor, from / divisor];
  const band = CUTOFF * Math.min(1, to / from);
  const reach = CROSSINGS / Math.min(1, to / from);
  const taps = new Map(); // by the distance from the sample before, in units of 1/up
  const tapsAt = (phase) => {
    if (!taps.has(phase)) taps.set(phase, kernel(phase / up, band, reach));
    return taps.get(phase);
  };
  const out = new Float64Array(Math.ceil((samples.length * to) / from));
  for (let m = 0; m < out.length; m++) {
    const before = Math.floor((m * down) / up);
    const { first, weights } = tapsAt((m * down) % up);
    const start = before + first;
    const [low, high] = [Math.max(0, -start), Math.min(weights.length, samples.length - start)];
    let sum = 0;
    for (let i = low; i < high; i++) sum += samples[start + i] * weights[i];
    out[m] = sum;
  }
  return out;
}

// Weights on the samples from `first` on, counted from the one that lies `offset` before the wanted time.
function kernel(offset, band, reach) {
  const first = Math.ceil(offset - reach);
  const count = Math.floor(offset + reach) - first + 1;
  const weights = Float64Array.from({ length: count }, (_, i) => {
    const distance = offset - (first + i);
    const x = Math.PI * band * distance;
    const sinc = x === 0 ? 1 : Math.sin(x) / x;
    const edge = Math.max(0, 1 - (distance / reach) ** 2);
    return (band * sinc * bessel(BETA * Math.sqrt(edge))) / bessel(BETA);
  });
  return { first, weights };
}
