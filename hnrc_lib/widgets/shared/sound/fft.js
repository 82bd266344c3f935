// The discrete Fourier transform of any length, by Cooley and Tukey over the prime factors of the length.

function primeFactors(n) {
  const factors = [];
  for (let p = 2; n > 1; p++) for (; n % p === 0; n /= p) factors.push(p);
  return factors;
}

// The order in which samples are read so that every join works on neighbours.
function readingOrder(start, stride, size, radices) {
  if (size === 1) return [start];
  const [radix, ...rest] = radices;
  const parts = Array.from({ length: radix }, (_, r) =>
    readingOrder(start + r * stride, stride * radix, size / radix, rest),
  );
  return parts.flat();
}

// transform(re, im) gives { re, im } with X[k] = Σ_j x[j]·exp(−2πi·jk/n); the input is left as it is.
export function createFFT(n) {
  if (!Number.isInteger(n) || n < 1)
    throw new RangeError(`n must be an integer of at least 1, got ${JSON.stringify(n)}`);
  const radices = primeFactors(n);
  const order = Int32Array.from(readingOrder(0, 1, n, radices));
  const turns = { re: new Float64Array(n), im: new Float64Array(n) };
  for (let k = 0; k < n; k++) {
    turns.re[k] = Math.cos((2 * Math.PI * k) / n);
    turns.im[k] = -Math.sin((2 * Math.PI * k) / n);
  }
  return (re, im) => {
    const out = { re: new Float64Array(n), im: new Float64Array(n) };
    for (let i = 0; i < n; i++) {
      out.re[i] = re[order[i]];
      out.im[i] = im[order[i]];
    }
    let part = 1;
    for (const radix of [...radices].reverse()) {
      if (radix === 2) joinTwo(out, turns, part);
      else join(out, turns, part, radix);
      part *= radix;
    }
    return out;
  };
}

// Plain loops over plain arrays from here on: this runs some hundred times before the first picture.
function joinTwo({ re, im }, turns, part) {
  const n = re.length;
  const step = n / (2 * part);
  for (let at = 0; at < n; at += 2 * part)
    for (let k = 0; k < part; k++) {
      const i = at + k;
      const j = i + part;
      const c = turns.re[k * step];
      const s = turns.im[k * step];
      const real = re[j] * c - im[j] * s;
      const imaginary = re[j] * s + im[j] * c;
      re[j] = re[i] - real;
      im[j] = im[i] - imaginary;
      re[i] += real;
      im[i] += imaginary;
    }
}

function join({ re, im }, turns, part, radix) {
  const n = re.length;
  const step = n / (radix * part);
  const held = { re: new Float64Array(radix), im: new Float64Array(radix) };
  for (let at = 0; at < n; at += radix * part)
    for (let k = 0; k < part; k++) {
      for (let r = 0; r < radix; r++) {
        held.re[r] = re[at + r * part + k];
        held.im[r] = im[at + r * part + k];
      }
      for (let q = 0; q < radix; q++) {
        let real = 0;
        let imaginary = 0;
        for (let r = 0; r < radix; r++) {
          const turn = (r * (k + q * part) * step) % n;
          real += held.re[r] * turns.re[turn] - held.im[r] * turns.im[turn];
          imaginary += held.re[r] * turns.im[turn] + held.im[r] * turns.re[turn];
        }
        re[at + q * part + k] = real;
        im[at + q * part + k] = imaginary;
      }
    }
}
