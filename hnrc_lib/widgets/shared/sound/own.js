// The reader's own sound of a widget: kept in the page beside the model, shared by its views, sent nowhere.
import { readClips } from "./clips.js";

const stores = new WeakMap();

// { get, set, follow } for the sound { title, samples } that replaces the chosen clip; null for none.
function ownSound(model) {
  if (!stores.has(model)) {
    const listeners = new Set();
    let sound = null;
    stores.set(model, {
      get: () => sound,
      set(next) {
        sound = next;
        for (const listener of listeners) listener();
      },
      follow(listener, signal) {
        listeners.add(listener);
        signal.addEventListener("abort", () => listeners.delete(listener), { once: true });
      },
    });
  }
  return stores.get(model);
}

// The clips of a widget, and the reader's own sound that stands before them while there is one.
export function createSounds(model) {
  const clips = readClips(model);
  const own = ownSound(model);
  const byName = new Map(clips.map((clip) => [clip.name, clip]));
  return { clips, own, byName, of: (clip) => own.get() ?? byName.get(clip) };
}
