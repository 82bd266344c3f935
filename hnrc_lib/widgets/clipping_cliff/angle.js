// The directions of −g and of the step, both drawn at one length: what a rule does to the direction alone.
import { arrow, segment } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";

export function drawAngle(stage, { gradient, norm, move, length }, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const radius = Math.min(box.width / 2, box.height / 2) - 4;
  const centre = [box.width / 2, box.height / 2];
  context.beginPath();
  context.arc(...centre, radius, 0, 2 * Math.PI);
  Object.assign(context, { strokeStyle: colours.grid, lineWidth: 1 });
  context.stroke();
  const [x, y] = centre;
  segment(context, [x - radius, y], [x + radius, y], { colour: colours.grid });
  segment(context, [x, y - radius], [x, y + radius], { colour: colours.grid });
  if (!(norm > 0 && length > 0)) return;
  const down = [-gradient[0] / norm, gradient[1] / norm];
  const step = [move[0] / length, -move[1] / length];
  paintWedge(context, centre, radius, [down, step], colours);
  for (const [direction, colour, width] of [
    [down, colours.gradient, 4.5],
    [step, colours.path, 2],
  ])
    arrow(context, centre, direction.map((part, i) => centre[i] + radius * part), { colour, width });
}

function paintWedge(context, centre, radius, directions, colours) {
  const [from, to] = directions.map(([x, y]) => Math.atan2(y, x));
  const turn = Math.atan2(Math.sin(to - from), Math.cos(to - from));
  context.beginPath();
  context.moveTo(...centre);
  context.arc(...centre, 0.75 * radius, from, from + turn, turn < 0);
  context.closePath();
  context.fillStyle = colours.veil;
  context.fill();
}
