// The matrix of combinations at one decay: rows of damping, columns of clipping, coloured by how the runs end.
import { fillHatched, write } from "../shared/axes.js";
import { beginDrawing } from "../shared/canvas.js";
import { cellBox, shade } from "./sweep.js";
import { tellClip, tellDamping, tellValue } from "./words.js";

const GAP = 2;

function outlineCell(context, { x, y, wide, tall }, colour, width, dash = []) {
  context.save();
  context.setLineDash(dash);
  Object.assign(context, { strokeStyle: colour, lineWidth: width });
  context.strokeRect(x + GAP, y + GAP, wide - 2 * GAP, tall - 2 * GAP);
  context.restore();
}

function paintCell(context, box, cell, { state, sweep }, colours) {
  const value = cell.final[state.measure];
  context.beginPath();
  context.rect(box.x + GAP, box.y + GAP, box.wide - 2 * GAP, box.tall - 2 * GAP);
  if (cell.diverged) fillHatched(context, colours);
  if (!Number.isNaN(value)) {
    context.globalAlpha = 0.5 - 0.44 * shade(value, state.measure, sweep.domains[state.measure]);
    context.fillStyle = colours.first;
    context.fill();
    context.globalAlpha = 1;
  }
  const style = { colour: colours.ink, font: colours.font, align: "center", baseline: "middle", size: 13 };
  const text = Number.isNaN(value) ? "diverged" : tellValue(value, state.measure);
  const [x, y] = [box.x + box.wide / 2, box.y + box.tall / 2];
  write(context, text, x, y - (cell.diverged ? 8 : 0), style);
  if (cell.diverged) write(context, `${cell.diverged} of ${cell.seeds} lost`, x, y + 9, { ...style, size: 11 });
}

export function drawMatrix(stage, scene, colours) {
  if (!beginDrawing(stage)) return;
  const { context, box } = stage;
  const { sweep, at, pinned, hovered } = scene;
  const [dampings, , clips] = sweep.axes;
  const shape = [dampings.length, clips.length];
  const boxOf = (cell) => cellBox([cell.at[0], cell.at[2]], shape, box);
  const style = { colour: colours.muted, font: colours.font };
  for (const cell of sweep.cells.filter((one) => one.at[1] === at[1])) paintCell(context, boxOf(cell), cell, scene, colours);
  dampings.forEach((value, row) => {
    const { x, y, tall } = cellBox([row, 0], shape, box);
    write(context, tellDamping(value), x - 6, y + tall / 2, { ...style, align: "right", baseline: "middle" });
  });
  clips.forEach((value, column) => {
    const { x, wide } = cellBox([0, column], shape, box);
    write(context, tellClip(value), x + wide / 2, 14, { ...style, align: "center" });
  });
  if (hovered) outlineCell(context, boxOf(hovered), colours.path, 1.5, [4, 3]);
  if (pinned && pinned.at[1] === at[1]) outlineCell(context, boxOf(pinned), colours.second, 2.5);
}
