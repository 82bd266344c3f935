// A waveform as a path: the least and the greatest sample under each pixel.
import { peakOf } from "./level.js";

// Between pixels [left, right], the greatest sample reaching the rows [top, bottom].
export function outline(samples, [left, right], [top, bottom]) {
  const path = new Path2D();
  const [middle, half] = [(top + bottom) / 2, (bottom - top) / 2];
  const scale = half / (peakOf(samples) || 1);
  const columns = Math.max(1, Math.round(right - left));
  for (let i = 0; i < columns; i++) {
    const first = Math.floor((i * samples.length) / columns);
    const last = Math.max(first + 1, Math.floor(((i + 1) * samples.length) / columns));
    let [low, high] = [samples[first], samples[first]];
    for (let t = first + 1; t < last; t++) {
      low = Math.min(low, samples[t]);
      high = Math.max(high, samples[t]);
    }
    const x = left + i + 0.5;
    path.moveTo(x, middle - scale * high - 0.5);
    path.lineTo(x, middle - scale * low + 0.5);
  }
  return path;
}
