/* Gives the widgets of a static page their life without a kernel: reads the state that myst-nb embeds, runs each
 * widget's own module and shows it in place of its picture: while the page loads where the widget is on the first
 * screen, after the first paint elsewhere. The picture stays for print, and for a widget that fails. Only anywidgets
 * are run: core ipywidgets (sliders made in Python) would need their whole front end and a kernel to be of use, so a
 * page that embeds them keeps showing their static fallback. */
(() => {
  "use strict";
  const VIEW = "application/vnd.jupyter.widget-view+json";
  const STATE = "application/vnd.jupyter.widget-state+json";
  const STYLE = ".hnrc-failure{margin:.5em 0;padding:.5em .75em;border-left:3px solid currentColor}";

  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

  class Model {
    constructor(id, record, getModel) {
      this.model_id = id;
      this.state = structuredClone(record.state);
      this.listeners = new Map();
      this.widget_manager = { get_model: getModel };
      for (const { path, data } of record.buffers ?? []) {
        const holder = path.slice(0, -1).reduce((object, key) => object[key], this.state);
        holder[path.at(-1)] = bytes(data);
      }
    }
    get(name) {
      return this.state[name];
    }
    set(name, value) {
      for (const [key, next] of Object.entries(typeof name === "object" ? name : { [name]: value })) {
        if (Object.is(this.state[key], next)) continue;
        this.state[key] = next;
        this.emit(`change:${key}`, this, next);
        this.emit("change", this);
      }
    }
    save_changes() {} // the page is the only keeper of the state
    send() {
      console.info("hnrc: no kernel hears this message");
    }
    on(events, listener) {
      for (const event of events.split(/\s+/)) {
        if (!this.listeners.has(event)) this.listeners.set(event, new Set());
        this.listeners.get(event).add(listener);
      }
      return this;
    }
    off(events, listener) {
      for (const event of events ? events.split(/\s+/) : [...this.listeners.keys()]) {
        if (listener) this.listeners.get(event)?.delete(listener);
        else this.listeners.delete(event);
      }
      return this;
    }
    emit(event, ...details) {
      for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...details);
    }
  }

  const modules = new Map();
  // A module that imports nothing and exports only its widget is a function's body but for one word, and a function
  // can be called at once; an import from a blob waits for what the browser does meanwhile.
  const EXPORTED = /^export default /m;
  function compiled(text) {
    if (text.match(/^(?:export|import)\b/gm)?.length !== 1 || !EXPORTED.test(text)) return null;
    try {
      return new Function(`"use strict";\n${text.replace(EXPORTED, "return ")}`);
    } catch {
      return null; // a policy of the page forbids it, or a module's own syntax: the import says what is wrong
    }
  }
  async function evaluate(text) {
    const body = compiled(text);
    const made = body ? body() : await importText(text);
    return typeof made === "function" ? await made() : made;
  }
  async function importText(text) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      return (await import(url)).default;
    } finally {
      URL.revokeObjectURL(url);
    }
  }
  function moduleOf(model) {
    const text = model.get("_esm");
    if (typeof text !== "string") throw new TypeError("the page's state has no module for it");
    if (!modules.has(text)) modules.set(text, evaluate(text));
    return modules.get(text);
  }

  const styles = new Set();
  function addStyle(text) {
    if (!text || styles.has(text)) return;
    styles.add(text);
    const style = document.createElement("style");
    style.textContent = text;
    document.head.append(style);
  }

  const views = new Map(); // element → { model, unmount }
  const starts = new Map();
  const noKernel = () => Promise.reject(new Error("no kernel"));

  async function mount(tag, model) {
    const widget = await moduleOf(model);
    addStyle(model.get("_css"));
    const lifetime = new AbortController();
    const tools = { model, experimental: { invoke: noKernel } };
    if (!starts.has(model)) starts.set(model, Promise.resolve(widget.initialize?.(tools)));
    await starts.get(model);
    const box = tag.parentElement;
    const el = document.createElement("div");
    el.className = "hnrc-static-widget";
    box.insertBefore(el, tag);
    let cleanUp;
    try {
      box.classList.add("hnrc-live"); // first, so that the view finds the page as it will be
      cleanUp = await widget.render({ ...tools, el, signal: lifetime.signal });
    } catch (error) {
      lifetime.abort();
      el.remove();
      box.classList.remove("hnrc-live");
      throw error;
    }
    const unmount = () => {
      views.delete(el);
      cleanUp?.();
      lifetime.abort();
      el.remove();
      box.classList.remove("hnrc-live");
    };
    views.set(el, { model, unmount });
    performance.mark("hnrc-widget-drawn");
  }

  function fail(tag, error) {
    console.error(error);
    const note = document.createElement("p");
    note.className = "hnrc-failure";
    note.setAttribute("role", "status");
    note.textContent = `The interactive version could not start (${error.message}). The picture shows its first state.`;
    tag.before(note);
  }

  function readRecords() {
    const records = {};
    for (const tag of document.querySelectorAll(`script[type="${STATE}"]`)) {
      Object.assign(records, JSON.parse(tag.textContent).state);
    }
    return records;
  }

  // Until the first screen has been painted, widgets below it would only hold it up.
  const onScreen = (tag) => tag.parentElement.getBoundingClientRect().top < window.innerHeight;
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

  async function start() {
    addStyle(STYLE);
    const models = new Map();
    let records;
    const modelOf = (id) => {
      records ??= readRecords();
      if (!records[id]) throw new Error("the page holds no state for it");
      if (!models.has(id)) models.set(id, new Model(id, records[id], async (other) => modelOf(other)));
      return models.get(id);
    };
    const tags = [...document.querySelectorAll(`script[type="${VIEW}"]`)];
    const below = new Set(tags.filter((tag) => !onScreen(tag)));
    await Promise.all(
      tags.map(async (tag) => {
        try {
          if (below.has(tag)) await painted();
          const model = modelOf(JSON.parse(tag.textContent).model_id);
          if (records[model.model_id].model_module === "anywidget") await mount(tag, model);
        } catch (error) {
          fail(tag, error);
        }
      }),
    );
    document.documentElement.dataset.hnrcWidgets = "ready";
  }

  window.hnrcWidgets = views;
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
