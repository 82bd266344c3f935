// A widget's module whose state holds clips, one of which or the reader's own sound is shown.
import { announcer } from "../live.js";
import { mount, renderer } from "../mount.js";
import { createSounds } from "./own.js";
import { createSpeaker } from "./speaker.js";

// The parts are those of widgetOf in mount.js, which are given the sounds and what plays them too.
export function soundWidgetOf({ schemaFor, buildFrame, makeStages, createActions, buildControls, createPainter }) {
  const render = renderer((model, el, signal) => {
    const frame = buildFrame();
    const sounds = createSounds(model);
    const build = (bound, redraw) => {
      sounds.own.follow(redraw, signal);
      const speaker = createSpeaker(redraw, signal);
      const stages = makeStages(frame, signal, redraw);
      const act = createActions(bound, sounds, speaker);
      const controls = buildControls(frame, stages, { sounds, act, signal });
      const say = announcer(frame.root, signal);
      return createPainter(frame, stages, controls, { model, sounds, speaker, say });
    };
    mount({ model, el, schema: schemaFor(sounds.clips), frame, build, signal });
  });
  return { render };
}
