// Arrays that Python packed: { dtype, shape, data } with the numbers in base64, little-endian, row by row.
const TYPES = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array, int16: Int16Array };
const unpacked = new WeakMap();

// The same { values, shape } for the same object, so that a view may ask at every frame.
export function unpackArray(packed) {
  if (!unpacked.has(packed)) unpacked.set(packed, decode(packed));
  return unpacked.get(packed);
}

function bytesOf(data) {
  const letters = atob(data);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

function decode({ dtype, shape, data }) {
  const Numbers = TYPES[dtype];
  if (!Numbers) throw new RangeError(`dtype must be one of ${Object.keys(TYPES).join(", ")}, got ${dtype}`);
  const values = new Numbers(bytesOf(data).buffer);
  const size = shape.reduce((product, side) => product * side, 1);
  if (values.length !== size) throw new RangeError(`data must hold ${size} numbers, got ${values.length}`);
  return { values, shape };
}

// What an object that unpackArray takes looks like, for the check of a state.
export function looksPacked(value) {
  return typeof value === "object" && value !== null && typeof value.data === "string";
}
