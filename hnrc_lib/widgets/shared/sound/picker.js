// Where a sound comes from: a clip of the widget, the microphone after a press, or a file of the reader's.
import { button, element, selectBox } from "../controls.js";
import { CLIP_RATE } from "./clips.js";
import { peakOf } from "./level.js";
import { recordMicrophone } from "./microphone.js";
import { resample } from "./resample.js";
import { readSoundFile } from "./sound_file.js";

const SECONDS = 3; // of a recording, and of a file
const OWN = "your own sound";
const PRIVATE = "Nothing you record or open leaves this page.";

function fileInput(changed, signal) {
  const input = Object.assign(document.createElement("input"), { type: "file", accept: "audio/*" });
  input.hidden = true;
  const onChange = () => {
    if (input.files.length) changed(input.files[0]);
    input.value = "";
  };
  input.addEventListener("change", onChange, { signal });
  return input;
}

function acceptDrops(root, dropped, signal) {
  const mark = (event, on) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    root.classList.toggle("hnrc-dropping", on);
  };
  root.addEventListener("dragover", (event) => mark(event, true), { signal });
  root.addEventListener("dragleave", (event) => mark(event, false), { signal });
  const onDrop = (event) => {
    mark(event, false);
    if (event.dataTransfer.files.length) dropped(event.dataTransfer.files[0]);
  };
  root.addEventListener("drop", onDrop, { signal });
}

// One recording at a time: a second press ends it, and leaving the page too. `hush()` runs before it.
function createRecorder({ update, taken, failed, hush, signal }) {
  let ends = null;
  const begin = async () => {
    hush();
    ends = new AbortController();
    const stop = AbortSignal.any([ends.signal, signal]);
    const heard = (now) => update(`Stop (${now.toFixed(1)} s)`);
    update("Stop (0.0 s)");
    try {
      const sound = await recordMicrophone({ seconds: SECONDS, heard, ends: stop });
      if (!signal.aborted) taken(sound);
    } catch (error) {
      failed(error);
    } finally {
      ends = null;
      update("Record");
    }
  };
  return () => (ends ? ends.abort() : begin());
}

// At the rate of the clips, or an error that says why not.
function prepared({ samples, rate }) {
  if (!samples.length) throw new Error("no sound came");
  if (!(peakOf(samples) > 0)) throw new Error("it is all silence");
  return resample(samples, rate, CLIP_RATE);
}

// `choose(name)` takes a clip; `ready()` runs once the reader's own sound is a new one; `hush()` ends what plays,
// so that a recording does not hear it.
export function buildPicker({ root, bar }, { clips, own }, { choose, ready, hush, signal }) {
  const options = clips.map(({ name, title }) => [name, title]);
  const changed = (name) => name !== OWN && choose(name);
  const select = selectBox({ label: "Sound", options: [...options, [OWN, ""]], changed, signal });
  const ownOption = select.element.querySelector("select").lastElementChild;
  const alert = element("span", "hnrc-problem");
  alert.setAttribute("role", "alert");
  const take = (title, sound) => {
    alert.textContent = "";
    own.set({ title, samples: prepared(sound) });
    ready();
  };
  const failed = (error) => (alert.textContent = `No new sound: ${error.message}.`);
  const open = async (file) => {
    try {
      take(file.name, await readSoundFile(file, SECONDS));
    } catch (error) {
      failed(error);
    }
  };
  const input = fileInput(open, signal);
  const update = (text) => record.update({ text });
  const taken = (sound) => take("your recording", sound);
  const press = createRecorder({ update, taken, failed, hush, signal });
  const title = `Up to ${SECONDS} seconds; the browser asks first`;
  const record = button({ label: "Record", title, clicked: press, signal });
  const file = button({ label: "Open a file", clicked: () => input.click(), signal });
  acceptDrops(root, open, signal);
  const buttons = element("span", "hnrc-sources");
  buttons.append(record.element, file.element, input);
  bar.append(select.element, buttons, element("span", "hnrc-private", PRIVATE), alert);
  return {
    update(clip) {
      const sound = own.get();
      ownOption.hidden = !sound;
      ownOption.textContent = sound ? sound.title : "";
      select.update(sound ? OWN : clip);
    },
  };
}
