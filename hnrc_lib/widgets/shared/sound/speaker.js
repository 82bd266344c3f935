// Plays one sound at a time; nothing is opened before the first press.
import { levelled } from "./level.js";

const LEVEL = 0.5;

// `changed()` runs when playing() is another name, or "" again.
export function createSpeaker(changed, signal) {
  let context = null;
  let source = null;
  let name = "";
  const ended = () => {
    [source, name] = [null, ""];
    changed();
  };
  const stop = () => {
    if (!source) return;
    source.onended = null;
    source.stop();
    ended();
  };
  const play = (next, samples, rate) => {
    stop();
    context ??= new AudioContext();
    context.resume();
    const buffer = context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(Float32Array.from(levelled(samples, LEVEL)), 0);
    source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    source.onended = ended;
    source.start();
    name = next;
    changed();
  };
  const leave = () => {
    if (source) source.onended = null;
    context?.close();
  };
  signal.addEventListener("abort", leave, { once: true });
  return { play, stop, playing: () => name };
}
