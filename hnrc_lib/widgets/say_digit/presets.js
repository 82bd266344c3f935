// The state to begin with, and the bounds of every trait (widget.py holds the same).
export const SETS = ["clipped", "damped", "unclipped"];
export const SNR = [0, 60];
export const SETTINGS = { weights: "clipped", part: [0, 1], snr: 60 };

export function schemaFor(clips) {
  return {
    clip: { options: clips.map(({ name }) => name) },
    weights: { options: SETS },
    part: {
      point: [
        [0, 1],
        [0, 1],
      ],
    },
    snr: { min: SNR[0], max: SNR[1] },
  };
}
