// Everything that the views draw from one state, keeping what has not changed since the last one.
import { remembered } from "../shared/remembered.js";
import { CLIP_RATE } from "../shared/sound/clips.js";
import { createWordFrontEnd } from "./word_features.js";
import { bounds, heardPart } from "./cut.js";
import { createNetwork, softmax } from "./network.js";
import { SETS } from "./presets.js";

// What each set of weights makes of a word: { probabilities, digit, sure } by name.
function judge(networks, { levels, slopes }) {
  return Object.fromEntries(
    SETS.map((name) => {
      const probabilities = softmax(networks[name]([levels, slopes]));
      const sure = Math.max(...probabilities);
      return [name, { probabilities, digit: probabilities.indexOf(sure), sure }];
    }),
  );
}

export function createScenes(model) {
  const card = model.get("card");
  const packed = model.get("networks");
  const frontEnd = createWordFrontEnd(card.front_end);
  const networks = Object.fromEntries(SETS.map((name) => [name, createNetwork(packed[name])]));
  const hear = remembered((samples, start, end, snr) => {
    const heard = heardPart(samples, [start, end], snr);
    const seen = frontEnd(heard);
    const [first, last] = bounds(samples.length, [start, end]);
    return { heard, seen, cut: [first / CLIP_RATE, last / CLIP_RATE], verdicts: judge(networks, seen) };
  });
  return (state, sound) => {
    const found = hear(sound.samples, ...state.part, state.snr);
    return { state, sound, card, ...found, chosen: found.verdicts[state.weights] };
  };
}
