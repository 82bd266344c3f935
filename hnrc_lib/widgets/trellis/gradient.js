// The gradient over time, an output in each row, and at the chosen frame softmax against posterior.
import { dot, segment, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { linearScale } from "../shared/scale.js";

const MARGIN = { left: 46, right: 8, top: 16, bottom: 4 };
const BARS = 0.3; // of the width
const GAP = 14;
const SEEN = 0.02; // of a gradient that is drawn
const SIGNED = 0.15; // of one that gets its sign written

function columns({ width, height }, frames, rows) {
  const inner = width - MARGIN.left - MARGIN.right;
  const map = inner * (1 - BARS) - GAP;
  const from = MARGIN.left + map + GAP;
  return {
    across: map / frames,
    down: (height - MARGIN.top - MARGIN.bottom) / rows,
    bars: linearScale([0, 1], [from, width - MARGIN.right]),
  };
}

function paintMap(context, { across, down }, { gradient, frame }, colours) {
  context.fillStyle = colours.zone;
  context.fillRect(MARGIN.left + frame * across, MARGIN.top, across, down * gradient[0].length);
  const text = { font: colours.font, align: "center", baseline: "middle", size: 11, weight: "600" };
  gradient.forEach((row, t) =>
    row.forEach((value, c) => {
      if (Math.abs(value) < SEEN) return;
      const [x, y] = [MARGIN.left + t * across, MARGIN.top + c * down];
      context.globalAlpha = Math.min(1, Math.abs(value));
      context.fillStyle = value > 0 ? colours.path : colours.first;
      context.fillRect(x + 0.5, y + 1, Math.max(across - 1, 1), down - 2);
      context.globalAlpha = 1;
      if (Math.abs(value) < SIGNED || across < 6) return;
      const colour = Math.abs(value) > 0.5 ? colours.page : colours.ink;
      write(context, value > 0 ? "+" : "−", x + across / 2, y + down / 2, { ...text, colour });
    }),
  );
}

// Hollow: the softmax; full: the posterior; what lies between them is the gradient.
function paintBars(context, { down, bars }, { outputs, shares, frame }, colours) {
  for (const tick of [0, 0.5, 1]) {
    segment(context, [bars(tick), MARGIN.top], [bars(tick), MARGIN.top + down * shares[frame].length], {
      colour: colours.grid,
    });
    write(context, String(tick), bars(tick), MARGIN.top - 5, {
      colour: colours.muted,
      font: colours.font,
      align: "center",
      size: 10,
    });
  }
  shares[frame].forEach((share, c) => {
    const y = MARGIN.top + (c + 0.5) * down;
    const output = outputs ? outputs[frame][c] : 0;
    const colour = output > share ? colours.path : colours.first;
    segment(context, [bars(share), y], [bars(output), y], { colour, width: 4 });
    if (outputs) dot(context, [bars(output), y], 4, { fill: colours.page, stroke: colours.ink });
    dot(context, [bars(share), y], 4, { fill: colours.second, stroke: colours.page, width: 1 });
  });
}

export function drawGradient(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { gradient, rows } = scene;
  const places = columns(box, gradient.length, rows.length);
  rows.forEach((name, c) => {
    const y = MARGIN.top + (c + 0.5) * places.down;
    const style = { colour: colours.muted, font: colours.font, align: "right", baseline: "middle" };
    write(context, name, MARGIN.left - 5, y, { ...style, size: Math.min(12, places.down) });
  });
  paintMap(context, places, scene, colours);
  paintBars(context, places, scene, colours);
}
