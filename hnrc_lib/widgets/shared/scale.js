// Scales map data to pixels. Each has `invert` and `ticks`, and knows its `domain` and `range`.
function scaleFrom(domain, range, forward, backward, ticks) {
  const low = forward(domain[0]);
  const span = forward(domain[1]) - low;
  const scale = (value) => range[0] + ((forward(value) - low) / span) * (range[1] - range[0]);
  scale.invert = (pixel) => backward(low + ((pixel - range[0]) / (range[1] - range[0])) * span);
  return Object.assign(scale, { domain, range, ticks: (count) => ticks(domain, count) });
}

// Multiples of 1, 2 or 5 times a power of ten, about `count` of them inside the domain.
export function linearTicks([low, high], count = 5) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++)
    ticks.push(k === 0 ? 0 : Number((k * step).toPrecision(12)));
  return ticks;
}

// Powers of ten inside the domain, thinned to every second, third … so that about `count` remain.
export function logTicks([low, high], count = 5) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / count));
  const ticks = [];
  for (let power = Math.ceil(first / every) * every; power <= last; power += every)
    ticks.push(Number(`1e${power}`));
  return ticks;
}

export function linearScale(domain, range) {
  return scaleFrom(
    domain,
    range,
    (value) => value,
    (value) => value,
    linearTicks,
  );
}

export function logScale(domain, range) {
  return scaleFrom(domain, range, Math.log10, (value) => 10 ** value, logTicks);
}

// Linear near zero (within `unit`), logarithmic beyond, both signs; ticks at zero and powers of ten.
export function symlogScale(domain, range, unit = 1) {
  const ticks = ([low, high]) => {
    const powers = [];
    for (let power = Math.ceil(Math.log10(unit)); 10 ** power <= Math.max(-low, high); power++)
      powers.push(Number(`1e${power}`));
    return [...powers.map((size) => -size).reverse(), 0, ...powers].filter(
      (tick) => tick >= low && tick <= high,
    );
  };
  return scaleFrom(
    domain,
    range,
    (value) => Math.asinh(value / unit),
    (value) => unit * Math.sinh(value),
    ticks,
  );
}

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

// A slider's positions 0…last for values from low to high, `perDecade` to a decade; position 0 is zero if `zero`.
export function logPositions({ low, high, perDecade = 20, zero = false }) {
  const offset = zero ? 1 : 0;
  const last = Math.round(Math.log10(high / low) * perDecade) + offset;
  const toValue = (position) => {
    if (zero && position <= 0) return 0;
    return clamp(Number((low * 10 ** ((position - offset) / perDecade)).toPrecision(3)), low, high);
  };
  const toPosition = (value) =>
    zero && value < low / 2
      ? 0
      : clamp(Math.round(Math.log10(value / low) * perDecade) + offset, offset, last);
  return { last, toValue, toPosition };
}

export function integerPositions({ low, high }) {
  return {
    last: high - low,
    toValue: (position) => low + Math.round(position),
    toPosition: (value) => clamp(value, low, high) - low,
  };
}

// Positions `step` apart, values rounded to thousandths.
export function evenPositions({ low, high, step }) {
  const last = Math.round((high - low) / step);
  return {
    last,
    toValue: (position) => clamp(Number((low + position * step).toFixed(3)), low, high),
    toPosition: (value) => clamp(Math.round((value - low) / step), 0, last),
  };
}

// Both ways between points of a plane and its pixels; `scales()` gives the { x, y } of now.
export function planePixels(scales) {
  return {
    toPixels: ([x, y]) => [scales().x(x), scales().y(y)],
    fromPixels: ([x, y]) => [scales().x.invert(x), scales().y.invert(y)],
  };
}
