// Bounds of every trait, and the state to begin with (widget.py holds the same).
export const BANDS = [13, 40];
export const MOST_KEPT = 13;
export const GREATEST_FRAME = 500;
export const SETTINGS = { emphasis: "off", n_mels: 24, n_mfcc: 13 };

export function schemaFor(clips) {
  return {
    clip: { options: clips.map(({ name }) => name) },
    frame: { min: 0, max: GREATEST_FRAME, integer: true },
    emphasis: { options: ["off", "on"] },
    n_mels: { min: BANDS[0], max: BANDS[1], integer: true },
    n_mfcc: { min: 1, max: MOST_KEPT, integer: true },
  };
}
