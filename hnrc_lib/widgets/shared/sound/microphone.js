// The microphone, on a press and with the browser's consent: samples stay in the page.
const PROCESSOR = `registerProcessor("hnrc-recorder", class extends AudioWorkletProcessor {
  process([input]) {
    if (input.length) this.port.postMessage(input[0].slice());
    return true;
  }
});`;
const REASONS = {
  NotAllowedError: "the microphone was refused; a file works without it",
  NotFoundError: "no microphone was found; a file works without one",
};
// what calls and music want of a microphone, a recogniser does not
const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };

function reasonOf(error) {
  return new Error(REASONS[error.name] ?? error.message);
}

async function openMicrophone() {
  if (!navigator.mediaDevices)
    throw new Error("this page may not use a microphone (it needs https or localhost); a file works here");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
  } catch (error) {
    throw reasonOf(error);
  }
}

async function addProcessor(context) {
  const url = URL.createObjectURL(new Blob([PROCESSOR], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(url);
  } finally {
    URL.revokeObjectURL(url);
  }
  return new AudioWorkletNode(context, "hnrc-recorder", { numberOfOutputs: 0 });
}

function joined(blocks, length) {
  const samples = new Float32Array(length);
  let at = 0;
  for (const block of blocks) {
    const part = block.subarray(0, length - at);
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}

// Records until `ends` aborts or `seconds` have passed: { samples, rate }. `heard(seconds)` follows it.
export async function recordMicrophone({ seconds, heard, ends }) {
  const stream = await openMicrophone();
  const context = new AudioContext();
  try {
    const recorder = await addProcessor(context);
    const blocks = [];
    let count = 0;
    const limit = Math.round(seconds * context.sampleRate);
    const full = new Promise((done) => {
      ends.addEventListener("abort", done, { once: true });
      if (ends.aborted) done();
      recorder.port.onmessage = ({ data }) => {
        blocks.push(data);
        count += data.length;
        heard(Math.min(count, limit) / context.sampleRate);
        if (count >= limit) done();
      };
    });
    context.createMediaStreamSource(stream).connect(recorder);
    await full;
    recorder.port.onmessage = null;
    return { samples: joined(blocks, Math.min(count, limit)), rate: context.sampleRate };
  } finally {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
  }
}
