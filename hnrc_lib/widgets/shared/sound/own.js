// The reader's own sound of a widget: kept in the page beside the model, shared by its views, sent nowhere.
const stores = new WeakMap();

// { get, set, follow } for the sound { title, samples } that replaces the chosen clip; null for none.
export function ownSound(model) {
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
