// The same object again while the keys are the same.
export function remembered(make) {
  let [keys, value] = [[], null];
  return (...next) => {
    if (next.length !== keys.length || next.some((key, i) => key !== keys[i]))
      [keys, value] = [next, make(...next)];
    return value;
  };
}
