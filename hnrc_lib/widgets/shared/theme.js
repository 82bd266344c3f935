// Colours come from CSS variables on the widget's root; which set applies follows the page, not the system.
// [red, green, blue] in 0…255 of #rrggbb and of what getComputedStyle gives; for anything else the browser paints it.
export function parseColour(colour) {
  const hexadecimal = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(colour);
  if (hexadecimal) return hexadecimal.slice(1).map((pair) => parseInt(pair, 16));
  const decimal = /^rgba?\((\d+), (\d+), (\d+)/.exec(colour);
  if (decimal) return decimal.slice(1).map(Number);
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function luminance(colour) {
  const [red, green, blue] = parseColour(colour);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

// Light text means a dark page: that holds in the book, JupyterLab, Colab, VS Code and a bare page alike.
export function isDark(el) {
  return luminance(getComputedStyle(el).color) > 0.5;
}

// { grid: "#d0d7de", … } for names like "grid", from --hnrc-grid.
export function readColours(root, names) {
  const style = getComputedStyle(root);
  const colours = { ink: style.color, font: style.fontFamily };
  for (const name of names) colours[name] = style.getPropertyValue(`--hnrc-${name}`).trim();
  return colours;
}

const THEME_ATTRIBUTES = [
  "class",
  "style",
  "theme",
  "data-theme",
  "data-mode",
  "data-jp-theme-light",
  "data-jp-theme-name",
  "data-vscode-theme-kind",
];

// Calls back once `el` has a box: a view is made before it is attached, in JupyterLab.
function onFirstLayout(el, callback, signal) {
  const observer = new ResizeObserver(() => {
    if (!el.isConnected) return;
    observer.disconnect();
    callback();
  });
  observer.observe(el);
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

// Marks `root` with data-scheme now and after each change of the page's colours, which `changed` hears of.
export function followTheme(host, root, changed, signal) {
  let seen = "";
  const mark = () => {
    const colour = getComputedStyle(host).color;
    if (colour === seen) return false;
    seen = colour;
    root.dataset.scheme = isDark(host) ? "dark" : "light";
    return true;
  };
  const apply = () => mark() && changed();
  mark();
  const observer = new MutationObserver(apply);
  for (const el of [document.documentElement, document.body])
    observer.observe(el, { attributes: true, attributeFilter: THEME_ATTRIBUTES });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply, { signal });
  onFirstLayout(host, apply, signal);
}
