"""What the page checks run inside a page."""

READ = """async ([index, names]) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  const root = document.querySelectorAll('.hnrc-widget')[index];
  const { model } = window.hnrcWidgets.get(root.closest('.hnrc-static-widget'));
  const all = (selector) => [...root.querySelectorAll(selector)];
  const texts = (selector) => all(selector).map((el) => el.textContent);
  const slider = (input) => ({
    disabled: input.disabled,
    hidden: input.parentElement.hidden,
    spoken: input.getAttribute('aria-valuetext'),
    shown: input.parentElement.querySelector('.hnrc-value').textContent,
  });
  const named = (selector, tell) =>
    Object.fromEntries(all(selector).map((el) => [el.getAttribute('aria-label'), tell(el)]));
  return {
    state: Object.fromEntries(names.map((name) => [name, model.get(name)])),
    said: texts('.hnrc-state').join(''),
    sentence: texts('.hnrc-sentence')[0] ?? null,
    outcomes: texts('.hnrc-outcome'),
    kinds: all('.hnrc-outcome').map((el) => el.dataset.kind),
    titles: texts('.hnrc-title'),
    notes: texts('.hnrc-note'),
    sliders: named('input[type=range]', slider),
    handles: named('.hnrc-handle', (el) => el.getAttribute('aria-valuetext')),
    problem: texts('.hnrc-problem').join(''),
    chosen: all('input[type=radio]:checked').map((input) => input.value),
    selected: all('select').map((select) => select.value),
  };
}"""

# Each slider under the views to its end, its start and between, and what the page shows then.
EXTREMES = """async ([read, names]) => {
  const seen = [];
  const sliders = [...document.querySelectorAll('.hnrc-sliders input[type=range]')];
  for (const slider of sliders.filter((each) => !each.disabled && !each.parentElement.hidden)) {
    for (const value of [slider.max, slider.min, Math.round(0.7 * slider.max)]) {
      slider.value = value;
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      seen.push([slider.ariaLabel, await eval(read)([0, names])]);
    }
  }
  return seen;
}"""

# a swipe's momentum goes on after the finger has left
SCROLL_RESTS = """async () => {
  for (let before = NaN; before !== window.scrollY; ) {
    before = window.scrollY;
    await new Promise((done) => setTimeout(done, 150));
  }
}"""

OUTSIDE = """(roots) => roots.flatMap((root) => {
  const box = root.getBoundingClientRect();
  return [...root.querySelectorAll('*')].filter((el) => {
    const own = el.getBoundingClientRect();
    return own.width > 0 && (own.right > box.right + 1 || own.left < box.left - 1)
      && !el.closest('.hnrc-plane, .hnrc-spoken');
  }).map((el) => el.className);
})"""

DRAGGED = """async (name) => {
  const slider = document.querySelector(`input[aria-label="${name}"]`);
  const heard = new Set();
  for (const share of [0.1, 0.3, 0.6, 1]) {
    slider.value = Math.round(share * slider.max);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => setTimeout(done, 20));
    heard.add(document.querySelector('.hnrc-spoken').textContent);
  }
  return [...heard];
}"""
SPOKEN = """() => document.querySelector('.hnrc-spoken').textContent
  .startsWith(document.querySelector('.hnrc-sentence').textContent)"""

FIRST_DRAW = """performance.getEntriesByName('hnrc-widget-drawn')[0].startTime
  - performance.getEntriesByType('navigation')[0].domInteractive"""
# the drawing runs in the event's microtasks; reading a pixel waits for the canvas
MEASURE = """async (name) => {
  const slider = document.querySelector(`input[aria-label="${name}"]`);
  const canvases = [...document.querySelectorAll('.hnrc-widget canvas')];
  const times = [];
  for (let i = 0; i < 60; i++) {
    await new Promise((done) => setTimeout(done, 20 + 7 * (i % 5)));
    slider.value = Math.round((i / 60) * slider.max);
    const begun = performance.now();
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await Promise.resolve().then(() => Promise.resolve());
    canvases.at(-1).getContext('2d').getImageData(0, 0, 1, 1);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b);
}"""
