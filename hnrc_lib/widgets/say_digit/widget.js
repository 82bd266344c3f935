// Say a digit: the reader's voice, what a small network sees of it, and what three sets of its weights hear.
import { element } from "../shared/controls.js";
import { CLIP_RATE } from "../shared/sound/clips.js";
import { soundWidgetOf } from "../shared/sound/widget.js";
import { readColours } from "../shared/theme.js";
import { heardPart } from "./cut.js";
import { buildFrame, makeStages } from "./layout.js";
import { buildControls, updateControls, updateTable } from "./panel.js";
import { schemaFor, SETTINGS } from "./presets.js";
import { createScenes } from "./scene.js";
import { drawBars, drawSeen, drawSound } from "./views.js";
import { tellPart, tellSeen, tellState } from "./words.js";

const COLOURS = "muted grid first second third path zone page".split(" ");
const DRAWERS = { sound: drawSound, seen: drawSeen, bars: drawBars };
const WHOLE = { part: SETTINGS.part };

function createActions({ read, write }, sounds, speaker) {
  const choose = (clip) => {
    sounds.own.set(null);
    write({ clip, ...WHOLE });
  };
  return {
    write,
    choose,
    hush: speaker.stop,
    whole: () => write(WHOLE),
    reset() {
      sounds.own.set(null);
      write({ clip: sounds.clips[0].name, ...SETTINGS });
    },
    listen() {
      if (speaker.playing()) return speaker.stop();
      const { clip, part, snr } = read();
      return speaker.play("heard", heardPart(sounds.of(clip).samples, part, snr), CLIP_RATE);
    },
  };
}

function createPainter(frame, stages, controls, { model, sounds, speaker, say }) {
  let colours = null;
  const scenes = createScenes(model);
  const paint = (state) => {
    const scene = scenes(state, sounds.of(state.clip));
    updateControls(controls, scene, speaker.playing());
    updateTable(frame, scene);
    for (const [name, draw] of Object.entries(DRAWERS)) draw(stages[name], scene, colours);
    const sentence = tellState(scene);
    frame.title.textContent = `Waveform: ${tellPart(scene)}`;
    frame.seen.title.textContent = tellSeen(scene);
    frame.state.replaceChildren(element("span", "hnrc-sentence", sentence));
    for (const stage of Object.values(stages)) stage.describe(sentence);
    say(sentence);
  };
  return { paint, readTheme: () => (colours = readColours(frame.root, COLOURS)) };
}

export default soundWidgetOf({
  schemaFor,
  buildFrame,
  makeStages,
  createActions,
  buildControls,
  createPainter,
});
