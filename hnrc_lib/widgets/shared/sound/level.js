// How loud a sound is.
export function peakOf(samples) {
  return samples.reduce((peak, x) => Math.max(peak, Math.abs(x)), 0);
}

// The sound with its greatest sample at `peak`; silence stays silence.
export function levelled(samples, peak) {
  const loudest = peakOf(samples);
  return loudest > 0 ? samples.map((x) => (x * peak) / loudest) : samples;
}
