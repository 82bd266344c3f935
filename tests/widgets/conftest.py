"""One browser for all widget tests, a folder that it can see, and pages that must end without a fault."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hnrc_lib.widgets.base import StaticWidget
from tests.browser import PageProbe, launch, serve
from tests.widgets.notebook import Notebook
from tests.widgets.pages import THEME, TWO_FRAMES, static_page, write_page

pytest.register_assert_rewrite("tests.widgets.checks")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium, closed with each module so that no event loop outlives it."""
    with launch() as browser:
        yield browser


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A served folder and its address."""
    folder = tmp_path_factory.mktemp("site")
    with serve(folder) as address:
        yield folder, address


_draw_picture = StaticWidget.picture


@functools.cache
def _first_picture(module: Path, dark: bool) -> bytes:
    """The picture of a widget's first state, drawn once for all pages."""
    make = next(kind for kind in StaticWidget.__subclasses__() if kind.module == module)
    return _draw_picture(make(), dark=dark)


@pytest.fixture
def show(
    chromium: Any, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., PageProbe]]:
    """Open a static page of widgets and wait until they are drawn.

    Arguments: the widgets; ``theme="dark"``, ``state=…``, ``style=…`` for the page; ``faulty=True``
    for a page whose console may complain; anything else goes to :class:`PageProbe`.
    """
    folder, address = site
    # drawing pictures takes longer than the pages; what they show is tested in test_base
    monkeypatch.setattr(StaticWidget, "picture", lambda self, *, dark: _first_picture(self.module, dark))
    probes: list[tuple[PageProbe, bool]] = []

    def opened(
        *widgets: Any,
        theme: str = "light",
        state: dict[str, Any] | None = None,
        faulty: bool = False,
        before: str = "",
        style: str = "",
        **options: Any,
    ) -> PageProbe:
        name = f"page{len(probes)}.html"
        write_page(folder, name, static_page(*widgets, dark=theme == "dark", state=state, style=style))
        probe = PageProbe(chromium, dark=theme == "dark", **options)
        probes.append((probe, faulty))
        if before:
            probe.page.add_init_script(before)
        probe.page.goto(f"{address}/{name}")
        if options.get("java_script_enabled", True):
            probe.page.wait_for_selector("html[data-hnrc-widgets=ready]", state="attached")
            probe.page.evaluate(TWO_FRAMES)
        return probe

    yield opened
    problems = [problem for probe, faulty in probes if not faulty for problem in probe.problems()]
    for probe, _ in probes:
        probe.close()
    assert problems == []


@pytest.fixture
def notebook(chromium: Any, site: tuple[Path, str]) -> Iterator[Callable[[StaticWidget], Notebook]]:
    """Show a widget in a live notebook, whose page must end without a fault."""
    folder, address = site
    head = f'<!doctype html><html lang="en"><title>Notebook</title><style>{THEME}</style>'
    (folder / "notebook.html").write_text(f"{head}<main></main></html>", encoding="utf-8")
    with PageProbe(chromium) as probe:
        probe.page.goto(f"{address}/notebook.html")
        yield lambda widget: Notebook(probe, widget)
        assert probe.problems() == []
