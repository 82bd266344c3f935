// A sound file of the reader's, decoded by the browser, one channel.
const DECODING_RATE = 48000; // the browser brings every file to the rate of the context that decodes it

function mixed(buffer, limit) {
  const length = Math.min(buffer.length, limit);
  const samples = new Float64Array(length);
  for (let c = 0; c < buffer.numberOfChannels; c++) {
    const channel = buffer.getChannelData(c);
    for (let i = 0; i < length; i++) samples[i] += channel[i] / buffer.numberOfChannels;
  }
  return samples;
}

// { samples, rate } of the first `seconds` of a File.
export async function readSoundFile(file, seconds) {
  const context = new OfflineAudioContext(1, 1, DECODING_RATE);
  const bytes = await file.arrayBuffer();
  let buffer;
  try {
    buffer = await context.decodeAudioData(bytes);
  } catch {
    throw new Error(`${file.name} is no sound that this browser can read`);
  }
  if (!buffer.length) throw new Error(`${file.name} holds no sound`);
  return { samples: mixed(buffer, Math.round(seconds * buffer.sampleRate)), rate: buffer.sampleRate };
}
