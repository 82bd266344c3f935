import { looksPacked, unpackArray } from "./packed.js";

// The traits a view reads, checked: a widget draws a good state or says which value is bad.
function check(name, value, rule) {
  const shown = JSON.stringify(value) ?? String(value);
  if (rule.options) {
    if (!rule.options.includes(value))
      throw new RangeError(`${name} must be one of ${rule.options.join(", ")}, got ${shown}`);
    return value;
  }
  if (rule.packed) {
    const found = looksPacked(value) ? unpackArray(value) : { shape: [] };
    if (found.shape.length !== rule.packed)
      throw new RangeError(`${name} must be a packed array of ${rule.packed} axes, got ${found.shape.length}`);
    return found;
  }
  if (rule.text) {
    if (typeof value !== "string" || !rule.text.test(value))
      throw new RangeError(`${name} must be text like ${rule.text.source}, got ${shown}`);
    return value;
  }
  if (rule.point) {
    const good =
      Array.isArray(value) &&
      value.length === rule.point.length &&
      value.every((x, i) => Number.isFinite(x) && x >= rule.point[i][0] && x <= rule.point[i][1]);
    if (!good)
      throw new RangeError(
        `${name} must be ${rule.point.length} numbers in ${rule.point.map((b) => `[${b}]`).join(" × ")}, got ${shown}`,
      );
    return value;
  }
  const good =
    Number.isFinite(value) &&
    value >= rule.min &&
    value <= rule.max &&
    (!rule.integer || Number.isInteger(value));
  if (!good)
    throw new RangeError(
      `${name} must be ${rule.integer ? "an integer" : "a finite number"} in [${rule.min}, ${rule.max}], got ${shown}`,
    );
  return value;
}

export function readState(get, schema) {
  return Object.fromEntries(
    Object.entries(schema).map(([name, rule]) => [name, check(name, get(name), rule)]),
  );
}

// Binds a view to an anywidget model: read() checks, write() tells the model and the kernel, changed() follows both.
export function bindModel(model, schema, { changed, signal }) {
  const names = Object.keys(schema);
  for (const name of names) model.on(`change:${name}`, changed);
  signal.addEventListener("abort", () => names.forEach((name) => model.off(`change:${name}`, changed)), {
    once: true,
  });
  return {
    read: () => readState((name) => model.get(name), schema),
    write(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      model.save_changes();
    },
  };
}
