// Labelled controls made of native inputs: keyboard, touch and screen readers come with them.
let made = 0;

export function element(tag, className = "", text = "") {
  const el = document.createElement(tag);
  if (className) el.className = className;
  if (text) el.textContent = text;
  return el;
}

// Names that no other widget or module on the page uses.
function freshName(stem) {
  made += 1;
  return `hnrc-${stem}-${made}-${Math.random().toString(36).slice(2, 8)}`;
}

// `positions` is logPositions(…) or integerPositions(…); update(value, {disabled, note}) shows the state.
export function sliderRow({ label, symbol = "", positions, format, changed, signal }) {
  const row = element("label", "hnrc-row");
  const name = element("span", "hnrc-label", label);
  if (symbol) name.append(" ", element("i", "hnrc-symbol", symbol));
  const input = Object.assign(document.createElement("input"), {
    type: "range",
    min: 0,
    max: positions.last,
    step: 1,
  });
  input.setAttribute("aria-label", symbol ? `${label} ${symbol}` : label);
  const value = element("span", "hnrc-value");
  value.setAttribute("aria-hidden", "true");
  row.append(name, value, input);
  input.addEventListener("input", () => changed(positions.toValue(Number(input.value))), { signal });
  const update = (state, { disabled = false, note = "" } = {}) => {
    const position = positions.toPosition(state);
    input.value = position;
    input.disabled = disabled;
    input.style.setProperty("--fill", `${(100 * position) / Math.max(1, input.max)}%`);
    value.textContent = disabled ? "–" : format(state);
    input.setAttribute("aria-valuetext", disabled ? note : value.textContent);
    row.classList.toggle("hnrc-disabled", disabled);
  };
  // the slider's last position, and the share of the row that leads there: for one that lies along an axis
  const limit = (last, share = 1) => {
    input.max = last;
    input.style.width = `calc(16px + (100% - 16px) * ${share})`;
  };
  return { element: row, input, update, limit };
}

// One of a few, side by side: radio buttons in the shape of a segmented control.
export function segmented({ label, options, changed, signal }) {
  const group = element("div", "hnrc-segmented");
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-label", label);
  const name = freshName("segment");
  const inputs = options.map(([value, text]) => {
    const option = element("label", "hnrc-segment");
    const input = Object.assign(document.createElement("input"), { type: "radio", name, value });
    input.addEventListener("change", () => input.checked && changed(value), { signal });
    option.append(input, element("span", "", text));
    group.append(option);
    return input;
  });
  return {
    element: group,
    update: (value) => inputs.forEach((input) => (input.checked = input.value === value)),
  };
}

export function selectBox({ label, options, changed, signal }) {
  const box = element("label", "hnrc-select");
  const select = document.createElement("select");
  select.setAttribute("aria-label", label);
  for (const [value, text] of options) select.append(Object.assign(element("option", "", text), { value }));
  select.addEventListener("change", () => changed(select.value), { signal });
  box.append(element("span", "hnrc-label", label), select);
  return { element: box, update: (value) => (select.value = value) };
}

export function button({ label, title = "", clicked, signal }) {
  const el = Object.assign(element("button", "hnrc-button", label), { type: "button", title });
  el.addEventListener("click", clicked, { signal });
  const update = ({ disabled = false, text = label, hint = title } = {}) => {
    Object.assign(el, { disabled, title: hint });
    if (el.textContent !== text) el.textContent = text;
  };
  return { element: el, update };
}

// A row for each trait of { name: [label, symbol, positions] }, put at the end of placeOf(name).
export function sliderRows(table, { placeOf, format, write, signal }) {
  const made = Object.entries(table).map(([name, [label, symbol, positions]]) => {
    const changed = (value) => write({ [name]: value });
    const row = sliderRow({ label, symbol, positions, format, changed, signal });
    placeOf(name).append(row.element);
    return [name, row];
  });
  return Object.fromEntries(made);
}
