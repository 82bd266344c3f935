// Speaks the state once it has rested, so that a dragged slider is not read out at every pixel.
export function announcer(parent, signal, delay = 600) {
  const region = document.createElement("div");
  region.className = "hnrc-spoken";
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  parent.append(region);
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => (region.textContent = text), delay);
  };
}
