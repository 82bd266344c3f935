// Features explorer: one frame of one sound through every stage, to be seen and heard.
import { element } from "../shared/controls.js";
import { soundWidgetOf } from "../shared/sound/widget.js";
import { readColours } from "../shared/theme.js";
import { enter, loudestFrame, RATE } from "./analysis.js";
import { drawCepstrum, drawFrame, drawLog, drawMel, drawSpectrum } from "./frame_views.js";
import { soundOf } from "./hearing.js";
import { buildFrame, makeStages } from "./layout.js";
import { buildControls, updateControls } from "./panel.js";
import { schemaFor, SETTINGS } from "./presets.js";
import { createScenes } from "./scene.js";
import { createTimeline } from "./timeline.js";
import { tellState, titlesOf } from "./words.js";

const COLOURS = "muted grid first second path zone page halo".split(" ");
const DRAWERS = {
  frame: drawFrame,
  spectrum: drawSpectrum,
  mel: drawMel,
  log: drawLog,
  mfcc: drawCepstrum,
};

function loudestOf(sound) {
  return loudestFrame(enter(sound.samples, "off"));
}

function createActions({ read, write }, sounds, speaker) {
  const choose = (clip) => {
    sounds.own.set(null);
    write({ clip, frame: loudestOf(sounds.byName.get(clip)) });
  };
  return {
    write,
    choose,
    hush: speaker.stop,
    loudest: () => write({ frame: loudestOf(sounds.of(read().clip)) }),
    reset() {
      choose(sounds.clips[0].name);
      write(SETTINGS);
    },
    listen(stage) {
      if (speaker.playing() === stage) return speaker.stop();
      const state = read();
      const entered = enter(sounds.of(state.clip).samples, state.emphasis);
      return speaker.play(stage, soundOf(stage, entered, state), RATE);
    },
  };
}

function createPainter(frame, stages, controls, { sounds, speaker, say }) {
  let colours = null;
  const scenes = createScenes();
  const drawTimeline = createTimeline(stages.sound);
  const paint = (state) => {
    const scene = scenes(state, sounds.of(state.clip));
    updateControls(controls, scene, speaker.playing());
    drawTimeline(scene, colours);
    for (const [name, draw] of Object.entries(DRAWERS)) draw(stages[name], scene, colours);
    tell(frame, stages, scene, say);
  };
  return { paint, readTheme: () => (colours = readColours(frame.root, COLOURS)) };
}

function tell(frame, stages, scene, say) {
  const sentence = tellState(scene);
  for (const [name, title] of Object.entries(titlesOf(scene))) {
    frame.panels[name].title.textContent = title;
    stages[name].describe(`${title}. ${sentence}`);
  }
  frame.state.replaceChildren(element("span", "hnrc-sentence", sentence));
  say(sentence);
}

export default soundWidgetOf({
  schemaFor,
  buildFrame,
  makeStages,
  createActions,
  buildControls,
  createPainter,
});
