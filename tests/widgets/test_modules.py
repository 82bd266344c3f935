from pathlib import Path

import pytest

from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.modules import ModuleError, join_modules, join_styles
from tests.browser import run_node


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".js")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "own" / "entry.js"


def run_joined(text: str, expression: str) -> object:
    """Import the joined text as the page does, from no folder at all."""
    source = (
        "const made = await import('data:text/javascript;charset=utf-8,' + encodeURIComponent(data));"
        f"answer({expression});"
    )
    return run_node(source, text)


def test_joined_module_equals_the_separate_ones(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        shared__a="const secret = 2;\nexport function double(x) {\n  return secret * x;\n}\n",
        shared__b='import { double } from "./a.js";\nconst secret = 10;\n'
        "export const add = (x) => double(x) + secret;\n"
        "export class Box {}\nexport async function later() {}\n",
        own__entry='import { double } from "../shared/a.js";\n'
        'import {\n  add as plus,\n  Box,\n} from "../shared/b.js";\n'
        "const secret = 100;\nexport const value = plus(double(1)) + secret;\nexport default { Box };\n",
    )
    joined = join_modules(entry, tmp_path)
    separate = run_node(f"const made = await import('{entry.as_uri()}'); answer(made.value);")
    assert separate == 114
    assert run_joined(joined, "made.value") == separate
    assert run_joined(joined, "made.default.Box.name") == "Box"
    assert joined.count("return secret * x") == 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"own__entry": 'import { a } from "../../outside.js";\n'}, "not a file below"),
        ({"own__entry": 'import { a } from "./missing.js";\n'}, "not a file below"),
        ({"own__entry": 'import a from "./b.js";\n', "own__b": "export const a = 1;\n"}, "only `import"),
        ({"own__entry": 'import { a } from "d3";\n'}, "only `import"),
        (
            {"own__entry": 'import { z } from "./b.js";\n', "own__b": "export const a = 1;\n"},
            "exports no 'z'",
        ),
        (
            {"own__entry": 'import { a } from "./b.js";\nconst a = 1;\n', "own__b": "export const a = 1;\n"},
            "imports 'a', which it already declares",
        ),
        (
            {
                "own__entry": 'import { a } from "./b.js";\nimport { a } from "./c.js";\n',
                "own__b": "export const a = 1;\n",
                "own__c": "export const a = 2;\n",
            },
            "imports 'a', which it already imports",
        ),
        (
            {
                "own__entry": 'import { a } from "./b.js";\n',
                "own__b": 'import { c } from "./c.js";\nexport const a = c;\n',
                "own__c": 'import { a } from "./b.js";\nexport const c = a;\n',
            },
            "circle: entry.js → b.js → c.js → b.js",
        ),
        ({"own__entry": 'import { a } from "./b.js";\n', "own__b": "export let a = 1;\n"}, "got 'export let"),
        (
            {
                "own__entry": 'import { a } from "./b.js";\n',
                "own__b": "export const a = 1;\nexport default a;\n",
            },
            "can be joined, got 'export default a;'",
        ),
    ],
)
def test_refuses_what_it_cannot_join(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(ModuleError, match=message.replace("(", r"\(")):
        join_modules(write(tmp_path, **files), tmp_path)


@pytest.mark.parametrize("entry", sorted(WIDGETS.glob("*/widget.js")), ids=lambda path: path.parent.name)
def test_every_widget_joins_and_can_be_embedded(entry: Path) -> None:
    joined = join_modules(entry, WIDGETS)
    assert run_joined(joined, "typeof made.default.render") == "function"
    # inside a <script> of the page these would end it or hide its end
    assert "<!--" not in joined
    assert "<script" not in joined.lower()
    assert "</script" not in joined.lower()
    for word in ("http:", "https:", "fetch(", "XMLHttpRequest"):
        assert word not in joined


def test_styles_keep_their_order(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.css").write_text(f".{name} {{}}", encoding="utf-8")
    assert join_styles(tmp_path / "a.css", tmp_path / "b.css") == ".a {}\n.b {}"


def test_no_widget_has_a_fixed_id() -> None:
    for path in WIDGETS.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert ".id =" not in text, path
        assert "getElementById" not in text, path
