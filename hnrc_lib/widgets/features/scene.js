// Everything that the views draw from one state, keeping what has not changed since the last one.
import { remembered } from "../shared/remembered.js";
import { cepstrum, logEnergies } from "../shared/sound/features.js";
import { bandEnergies, enter, FLOOR, inspect } from "./analysis.js";
import { MOST_KEPT } from "./presets.js";

// The whole sound in bands, and the extremes that keep every axis still while the frame moves.
function survey(entered, count) {
  const logs = bandEnergies(entered, count).map((energies) => logEnergies(energies, FLOOR));
  const values = new Float64Array(logs.length * count);
  logs.forEach((log, t) => log.forEach((value, m) => (values[m * logs.length + t] = value)));
  const shapes = logs.map((log) => cepstrum(log, MOST_KEPT).subarray(1));
  return {
    grid: { values, columns: logs.length, rows: count },
    greatestLog: values.reduce((most, x) => Math.max(most, x), Math.log(FLOOR)),
    greatestPower: entered.powers.reduce((most, power) => Math.max(most, ...power), FLOOR),
    greatestShape: shapes.reduce((most, shape) => Math.max(most, ...shape.map(Math.abs)), 1e-9),
  };
}

export function createScenes() {
  const entering = remembered(enter);
  const surveying = remembered(survey);
  return (state, sound) => {
    const entered = entering(sound.samples, state.emphasis);
    const shown = inspect(entered, state);
    return {
      state,
      sound,
      entered,
      ...shown,
      all: cepstrum(shown.log, MOST_KEPT),
      ...surveying(entered, state.n_mels),
    };
  };
}
