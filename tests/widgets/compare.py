"""A widget's pure modules run in Node and in Chromium on the same data, and their bounds against Python's."""

from typing import Any

from hnrc_lib.widgets.base import WIDGETS, StaticWidget
from tests.browser import PageProbe, run_node, serve


def in_node(widget: str, modules: tuple[str, ...], source: str, data: Any) -> Any:
    """What ``compute(data)`` answers in Node.

    Args:
        widget: the name of the widget's folder.
        modules: names of its modules, which are in scope under them.
        source: JavaScript that declares ``compute``.
        data: anything that JSON can hold.
    """
    folder = WIDGETS / widget
    imports = "".join(f"import * as {name} from '{(folder / f'{name}.js').as_uri()}';" for name in modules)
    return run_node(imports + source + "answer(compute(data));", data)


def in_chromium(chromium: Any, widget: str, modules: tuple[str, ...], source: str, data: Any) -> Any:
    """The same in a page; see :func:`in_node`."""
    imports = "".join(f"const {name} = await import('/{widget}/{name}.js');" for name in modules)
    body = f"{imports} {source} return JSON.parse(JSON.stringify(compute(data)));"
    with serve(WIDGETS) as address, PageProbe(chromium) as probe:
        probe.page.goto(f"{address}/host.js")
        answers = probe.page.evaluate(f"async (data) => {{ {body} }}", data)
        assert probe.problems() == []
    return answers


def check_schema(kind: type[StaticWidget], schema: dict[str, Any]) -> None:
    """The page's schema names every trait of the widget's state and bounds it as Python does."""
    traits: dict[str, Any] = kind.class_traits(sync=True)
    assert set(schema) == set(kind().state())
    for name, rule in schema.items():
        if "options" in rule:
            assert tuple(rule["options"]) == tuple(traits[name].options)
        elif "point" in rule:
            assert [tuple(bounds) for bounds in rule["point"]] == [tuple(b) for b in traits[name].bounds]
        else:
            assert (rule["min"], rule["max"]) == (traits[name].minimum, traits[name].maximum)
