"""A live notebook in miniature: one widget, its comm, and the view that its module makes in a page."""

from typing import Any

from hnrc_lib.widgets.base import StaticWidget
from tests.browser import PageProbe
from tests.widgets.kernel import connect
from tests.widgets.pages import TWO_FRAMES

# An anywidget model as JupyterLab's manager makes it: `set` tells views, `save_changes` sends what is new.
NOTEBOOK = """async ([esm, css, state]) => {
  const listeners = new Map();
  let unsaved = {};
  const model = {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      unsaved[name] = value;
      for (const listener of listeners.get(`change:${name}`) ?? []) listener();
    },
    save_changes() {
      window.heard = window.toKernel(unsaved);
      unsaved = {};
    },
    on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    off: (name, listener) => listeners.set(name, listeners.get(name).filter((each) => each !== listener)),
  };
  window.fromKernel = (update) => {
    for (const [name, value] of Object.entries(update)) model.set(name, value);
    unsaved = {};
  };
  const style = document.createElement('style');
  style.textContent = css;
  document.head.append(style);
  const url = URL.createObjectURL(new Blob([esm], { type: 'text/javascript' }));
  const { default: widget } = await import(url);
  const el = document.createElement('div'); // JupyterLab renders before it attaches
  window.leave = await widget.render({ model, el });
  await new Promise((done) => setTimeout(done, 50));
  document.querySelector('main').append(el);
  await new Promise((done) => setTimeout(done, 100));
}"""


class Notebook:
    """One widget, its comm, and its view in a page."""

    def __init__(self, probe: PageProbe, widget: Any) -> None:
        self.probe, self.widget, self.comm = probe, widget, connect(widget)
        probe.page.expose_function("toKernel", self.comm.receive)
        own = set(widget.traits(sync=True)) - set(StaticWidget.class_traits())
        state = {name: getattr(widget, name) for name in own}
        probe.page.evaluate(NOTEBOOK, [widget._esm, widget._css, state])

    def flush(self) -> None:
        """Deliver what Python has sent to the page."""
        self.probe.page.evaluate("window.fromKernel", self.comm.state_sent())
        self.comm.sent.clear()
        self.settle()

    def settle(self) -> None:
        """Wait until the page has drawn and Python has heard what the page said."""
        self.probe.page.evaluate(TWO_FRAMES)
        self.probe.page.evaluate("() => window.heard")

    def sentence(self) -> str:
        """The line that tells the state."""
        return self.probe.page.locator(".hnrc-sentence").inner_text()
