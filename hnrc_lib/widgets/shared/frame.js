// Draw at once, then at most once a frame: a lone event costs no wait, a burst costs one drawing.
export function frameLoop(draw, signal) {
  let waiting = false;
  let dirty = false;
  let handle = 0;
  const run = () => {
    if (signal.aborted) return;
    dirty = false;
    draw();
  };
  const nextFrame = () => {
    waiting = false;
    if (dirty) request();
  };
  function request() {
    if (signal.aborted) return;
    dirty = true;
    if (waiting) return;
    waiting = true;
    queueMicrotask(run);
    handle = requestAnimationFrame(nextFrame);
  }
  signal.addEventListener("abort", () => cancelAnimationFrame(handle), { once: true });
  return request;
}

export function prefersReducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// Calls `tick()` every `period` ms until it returns false or `stop()` is called; with reduced motion, all at once.
export function player({ tick, period, ended, signal }) {
  let handle = 0;
  let last = 0;
  const stop = () => {
    cancelAnimationFrame(handle);
    handle = 0;
    ended();
  };
  const loop = (now) => {
    handle = requestAnimationFrame(loop);
    if (now - last < period) return;
    last = now;
    if (!tick()) stop();
  };
  const start = () => {
    if (!prefersReducedMotion()) {
      handle = requestAnimationFrame(loop);
      return;
    }
    let more = true;
    while (more) more = tick();
    ended();
  };
  signal.addEventListener("abort", () => cancelAnimationFrame(handle), { once: true });
  return { start, stop, playing: () => handle !== 0 };
}
