// Numbers as a reader writes them: "0.5", "−12", "3.2×10⁻⁵".
const SUPERSCRIPTS = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

export function superscript(integer) {
  return Array.from(String(integer), (digit) => SUPERSCRIPTS[digit]).join("");
}

// 10ⁿ for a tick of a logarithmic axis.
export function formatPower(tick) {
  return `10${superscript(Math.round(Math.log10(tick)))}`;
}

export function subscript(integer) {
  return Array.from(String(integer), (digit) => SUBSCRIPTS[Number(digit)]).join("");
}

function trimZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// `digits` significant digits; powers of ten outside [10⁻³, 10⁵).
export function formatNumber(value, digits = 3) {
  if (Number.isNaN(value)) return "undefined";
  if (value === 0) return "0";
  const sign = value < 0 ? "−" : "";
  const magnitude = Math.abs(value);
  if (magnitude === Infinity) return `${sign}∞`;
  const [mantissa, exponent] = magnitude.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  if (power >= -3 && power < 5)
    return sign + trimZeros(Number(magnitude.toPrecision(digits)).toFixed(Math.max(0, digits - 1 - power)));
  return `${sign}${trimZeros(mantissa)}×10${superscript(power)}`;
}

// The shortest of three to six digits that is the value itself: for labels that must equal their state.
export function formatExact(value) {
  for (let digits = 3; digits < 6; digits++)
    if (Number(value.toPrecision(digits)) === value) return formatNumber(value, digits);
  return formatNumber(value, 6);
}

export function formatPoint([x, y], digits = 3) {
  return `(${formatNumber(x, digits)}, ${formatNumber(y, digits)})`;
}
