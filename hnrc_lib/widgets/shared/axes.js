// Small marks that several plots share. `colours` comes from readColours.

export function write(context, text, x, y, style) {
  const { colour, font, align = "left", baseline = "alphabetic", size = 11, weight = "", halo = "" } = style;
  Object.assign(context, { font: `${weight} ${size}px ${font}`, textAlign: align, textBaseline: baseline });
  if (halo) {
    Object.assign(context, { strokeStyle: halo, lineWidth: 3, lineJoin: "round" });
    context.strokeText(text, x, y);
  }
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

export function polyline(context, points, { colour, width = 1, dash = [] }) {
  context.save();
  const lineCap = dash.length ? "butt" : "round";
  Object.assign(context, { strokeStyle: colour, lineWidth: width, lineJoin: "round", lineCap });
  context.setLineDash(dash);
  context.beginPath();
  points.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  context.restore();
}

export function segment(context, from, to, style) {
  polyline(context, [from, to], style);
}

// A vertical line at `tick` of a horizontal scale from top to bottom, and its label below.
export function verticalTick(context, scale, tick, [top, bottom], colours, { label, colour, dash }) {
  const x = scale(tick);
  segment(context, [x, top], [x, bottom], { colour: colour ?? colours.grid, dash });
  write(context, label, x, bottom + 14, { colour: colours.muted, align: "center", font: colours.font });
}

export function dot(context, [x, y], radius, { fill = "", stroke = "", width = 1.5 }) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  if (fill) {
    context.fillStyle = fill;
    context.fill();
  }
  if (stroke) {
    Object.assign(context, { strokeStyle: stroke, lineWidth: width });
    context.stroke();
  }
}

// An arrow whose head shrinks with it and vanishes below two pixels.
export function arrow(context, from, to, { colour, width = 2 }) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  if (!(length > 2)) return;
  const head = Math.min(4 + 2 * width, 0.6 * length);
  const [ux, uy] = [dx / length, dy / length];
  segment(context, from, [to[0] - 0.8 * head * ux, to[1] - 0.8 * head * uy], { colour, width });
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(...to);
  for (const side of [0.45, -0.45]) {
    context.lineTo(to[0] - head * (ux + side * uy), to[1] - head * (uy - side * ux));
  }
  context.fill();
}

// A pattern of thin diagonal lines, for a region that must not rely on its colour alone.
export function hatch(context, colour, spacing = 7) {
  const density = window.devicePixelRatio || 1;
  const size = Math.round(spacing * density);
  const tile = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = tile.getContext("2d");
  Object.assign(pen, { strokeStyle: colour, lineWidth: density });
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / density));
  return pattern;
}

// Fills the present path with a veil and a hatching.
export function fillHatched(context, { veil, hatching }) {
  for (const fillStyle of [veil, hatching]) {
    context.fillStyle = fillStyle;
    context.fill();
  }
}
