// What the picture says: names, and the sentences that tell its state (words.py says the same).
import { formatNumber, formatPoint, subscript } from "../shared/format.js";

// [name in stepLengths, formula]
export const STEPS = [
  ["damped", "(H + λI)⁻¹g, damped"],
  ["rank_one", "(λI + H₁)⁻¹g, rank one"],
  ["normalised", "(λI + ggᵀ)⁻¹g = g/(λ + ‖g‖²)"],
  ["smooth", "(λI + ggᵀ)^(−½)g = g/√(λ + ‖g‖²)"],
  ["clipped", "norm clip at √λ, then ÷ √λ"],
];

export const KEYS = [
  ["circle", "unit circle"],
  ["damped", "its image by (H + λI)⁻¹"],
  ["rank_one", "by (λI + H₁)⁻¹: a circle, changed along Hg alone"],
  ["hatched", "not positive definite"],
];

const HEADINGS = {
  uphill: "The step goes uphill",
  downhill: "The step descends",
  level: "The step goes neither up nor down",
};

function walk({ heading }, length) {
  if (length === 0) return "There is no gradient, so no step";
  return `${HEADINGS[heading]} and is ${formatNumber(length)} long`;
}

export function tellDamped({ damped, lengths }, { eigenvalues, damping }) {
  const at = (test) => [0, 1].filter((i) => test(eigenvalues[i] + damping)).map((i) => subscript(i + 1));
  if (damped.kind === "positive definite")
    return `H + λI is positive definite. ${walk(damped, lengths.damped ?? 0)}.`;
  if (damped.kind === "singular") {
    const where = [0, 1].filter((i) => damped.scales[i] === null).map((i) => subscript(i + 1));
    return `λ = −h${where.join(" = −h")}: H + λI is singular, the ellipse has no end along e${where.join(" and e")}, and there is no step.`;
  }
  const turned = at((sum) => sum < 0);
  return `λ < −h${turned.join(" and λ < −h")}: H + λI is not positive definite, its inverse turns e${turned.join(" and e")} round. ${walk(damped, lengths.damped ?? 0)}.`;
}

const BROKEN = {
  undamped: "λ = 0: the rank-one inverse needs λ > 0.",
  undefined: "gᵀHg = 0: H₁ is undefined; what is left is the part of −g/λ across Hg.",
  singular: "ρ = −λ: λI + H₁ is singular; what is left is the part of −g/λ across Hg.",
};

export function tellRankOne({ rankOne, lengths }) {
  if (rankOne.kind in BROKEN) return `Rank one: ${BROKEN[rankOne.kind]}`;
  const rho = `ρ = ${formatNumber(rankOne.eigenvalue)}`;
  return `Rank one: ${rho}, λI + H₁ is ${rankOne.kind}. ${walk(rankOne, lengths.rank_one ?? 0)}.`;
}

export function tellState({ eigenvalues, damping, gradient }, { size }) {
  const sums = eigenvalues.map((h) => formatNumber(h + damping)).join(" and ");
  const g = `g = ${formatPoint(gradient)}, ‖g‖ = ${formatNumber(size)}`;
  return `${g}; λ = ${formatNumber(damping)} moves the eigenvalues of H to ${sums}.`;
}

export function tellLengths({ size, lengths, peak }) {
  const rows = STEPS.map(([name, formula]) => `${formula}: ${tellLength(lengths[name])}`).join("; ");
  const top = peak
    ? `The peak of g/(λ + ‖g‖²) is ${formatNumber(peak.height)} at ‖g‖ = ${formatNumber(peak.at)}`
    : "At λ = 0, g/(λ + ‖g‖²) has no peak";
  return `Step length at ‖g‖ = ${formatNumber(size)}. ${rows}. ${top}.`;
}

export function tellLength(length) {
  return length === null ? "none" : formatNumber(length);
}

export function tellGradient(gradient) {
  return `g = ${formatPoint(gradient)}`;
}
