// The sliders, buttons and handles, and how they show the state.
import { button, sliderRow } from "../shared/controls.js";
import { formatExact, formatNumber } from "../shared/format.js";
import { dragHandle } from "../shared/handle.js";
import { evenPositions } from "../shared/scale.js";
import { lengthScales } from "./lengths.js";
import { LARGEST, peakDamping, peakOf, SCHEMA, SMALLEST, withLength } from "./map.js";
import { pixelsOf, planeScales, RING } from "./plane.js";
import { turnHandle } from "./turn.js";
import { tellGradient } from "./words.js";

// Equal steps, so that λ = −h can be met exactly.
const DAMPING = evenPositions({ low: SCHEMA.damping.min, high: SCHEMA.damping.max, step: 0.05 });
const [LOW, HIGH] = SCHEMA.eigenvalues.point[0];
const EIGENVALUE = evenPositions({ low: LOW, high: HIGH, step: 0.05 });

function buildSliders(frame, { read, write }, signal) {
  const row = (label, symbol, positions, changed) =>
    sliderRow({ label, symbol, positions, format: formatExact, changed, signal });
  const eigenvalue = (i) => (value) => write({ eigenvalues: read().eigenvalues.with(i, value) });
  const rows = {
    damping: row("damping", "λ", DAMPING, (damping) => write({ damping })),
    first: row("eigenvalue", "h₁", EIGENVALUE, eigenvalue(0)),
    second: row("eigenvalue", "h₂", EIGENVALUE, eigenvalue(1)),
  };
  frame.sliders.append(...Object.values(rows).map((each) => each.element));
  return rows;
}

function buildHandles(plane, stage, write, signal) {
  const scales = () => planeScales(stage.box);
  const place = (degrees) => {
    const angle = (degrees * Math.PI) / 180;
    return pixelsOf(scales())([RING * Math.cos(angle), RING * Math.sin(angle)]);
  };
  const pointAt = ([x, y]) => [scales().x.invert(x), scales().y.invert(y)];
  const turn = turnHandle({
    plane,
    label: "Rotation of e₁",
    step: 5,
    place,
    degreesAt: (pixel) => {
      const [x, y] = pointAt(pixel);
      return (Math.atan2(y, x) * 180) / Math.PI;
    },
    turned: (rotation) => write({ rotation }),
    signal,
  });
  const gradient = dragHandle({
    plane,
    label: "Tip of −g",
    bounds: SCHEMA.gradient.point,
    step: 0.05,
    toPixels: pixelsOf({ x: (x) => scales().x(x), y: (y) => scales().y(y) }),
    fromPixels: pointAt,
    describe: (tip) => tellGradient(tip.map(opposite)),
    moved: (tip) => write({ gradient: tip.map(opposite) }),
    signal,
  });
  return { turn, gradient };
}

// ‖g‖ along the axis of the chart; the direction of g stays.
function buildLengthHandle(chart, stage, { read, write }, signal) {
  const scales = () => lengthScales(stage.box, peakOf(read()));
  return dragHandle({
    plane: chart,
    label: "Length of g",
    bounds: [[SMALLEST, LARGEST]],
    step: 0.05,
    line: true,
    toPixels: ([size]) => [scales().x(size), scales().y(0)],
    fromPixels: ([x]) => [scales().x.invert(x)],
    describe: ([size]) => `‖g‖ = ${formatNumber(size)}`,
    moved: ([size]) => write({ gradient: withLength(read().gradient, size) }),
    signal,
  });
}

// −x, and never −0.
export function opposite(x) {
  return x === 0 ? 0 : -x;
}

export function buildControls(frame, stages, act, signal) {
  const sliders = buildSliders(frame, act, signal);
  const peak = button({ label: "λ = ‖g‖²", clicked: act.peak, signal });
  const title = "Back to the first settings";
  const reset = button({ label: "Reset", title, clicked: act.reset, signal });
  frame.buttons.append(peak.element, reset.element);
  const length = buildLengthHandle(frame.chart, stages.lengths, act, signal);
  return { sliders, peak, length, ...buildHandles(frame.plane, stages.plane, act.write, signal) };
}

export function updateControls({ sliders, peak, length, turn, gradient }, state) {
  sliders.damping.update(state.damping);
  sliders.first.update(state.eigenvalues[0]);
  sliders.second.update(state.eigenvalues[1]);
  const hint = "The λ at which g/(λ + ‖g‖²) is at its peak for this g";
  peak.update({ disabled: peakDamping(state) === null, hint });
  length.update([Math.hypot(...state.gradient)]);
  turn.update(state.rotation);
  gradient.update(state.gradient.map(opposite));
}
