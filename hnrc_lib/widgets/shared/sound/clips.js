// The clips that a widget's state carries, as hnrc_lib/widgets/clips.py packs them.
import { unpackArray } from "../packed.js";

const FULL_SCALE = 32768;
export const CLIP_RATE = 8000;

function once(make) {
  let made = null;
  return () => (made ??= make());
}

// [{ name, title, samples }], samples within ±1 and unpacked when they are first asked for.
export function readClips(model) {
  const packed = model.get("clips");
  if (!Array.isArray(packed) || !packed.length)
    throw new RangeError(`clips must be a list of at least one clip, got ${JSON.stringify(packed)}`);
  return packed.map(({ name, title, samples }) => {
    const unpack = once(() => Float64Array.from(unpackArray(samples).values, (value) => value / FULL_SCALE));
    return {
      name,
      title,
      get samples() {
        return unpack();
      },
    };
  });
}
