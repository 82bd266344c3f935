// A run walked step by step, by a slider and a Play button; the model's `current` is the step shown.
import { player } from "./frame.js";

// `last()` is the last step there is now. Pressed at the end, Play begins again at `first`.
export function walker({ bound, first = 0, last, redraw, signal }) {
  const tick = () => {
    const next = Math.min(bound.read().current, last()) + 1;
    if (next > last()) return false;
    bound.write({ current: next });
    return next < last();
  };
  const play = player({ tick, period: 160, ended: redraw, signal });
  const toggle = () => {
    if (play.playing()) return play.stop();
    if (bound.read().current >= last()) bound.write({ current: first });
    play.start();
    return redraw();
  };
  return { toggle, playing: play.playing };
}

// The slider reaches `last` at that step's place on an axis that ends at `end`.
export function showWalk({ row, play }, { first = 0, shown, last, end, playing }) {
  const disabled = last === first;
  row.limit(last - first, end > first ? (last - first) / (end - first) : 1);
  row.update(shown, { disabled, note: "no step to walk to" });
  play.update({ text: playing ? "Pause" : "Play", disabled });
}
