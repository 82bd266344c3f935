// What the recogniser says: the digit, how sure each set of weights is, and where it comes from.
import { formatNumber } from "../shared/format.js";
import { SETS } from "./presets.js";

export function percent(share) {
  return `${formatNumber(Math.round(1000 * share) / 10, 4)} %`;
}

function seconds([from, to]) {
  return `${formatNumber(Math.round(100 * from) / 100)} to ${formatNumber(Math.round(100 * to) / 100)} s`;
}

export function tellPart(scene) {
  return `heard from ${seconds(scene.cut)}`;
}

// What is left once the silence around the word is cut off; drawn as the thick line under the sound.
export function tellSeen({ seen, cut }) {
  return `What the network sees, silence cut off: ${seconds(seen.seconds.map((time) => cut[0] + time))}`;
}

export function tellState(scene) {
  const { state, sound, verdicts, chosen } = scene;
  const others = SETS.filter((name) => name !== state.weights)
    .map((name) => `${name}: ${verdicts[name].digit} (${percent(verdicts[name].sure)})`)
    .join(", ");
  return (
    `${sound.title}, ${tellPart(scene)} with noise ${formatNumber(state.snr)} dB below: ` +
    `the ${state.weights} weights hear ${chosen.digit}, ${percent(chosen.sure)} sure; ${others}.`
  );
}

// A set's accuracy on the speaker held out, as trained and in eight bits.
export function tellAccuracy({ card }, name) {
  const { accuracy, accuracy_int8: rounded } = card.sets[name];
  return `${percent(accuracy)} → ${percent(rounded)}`;
}

export function tellSource({ card }) {
  return (
    `${card.model}. ${card.corpus}. Record ${card.record}, ${card.scale}. ` +
    "The synthetic voices of the clips were trained on; every sound is taken for some digit."
  );
}
