"""Numbers and labels; the numbers are those that Sphinx prints on the page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hnrc_lib.book.twins.book import read_book
from hnrc_lib.book.twins.errors import TwinError
from hnrc_lib.book.twins.labels import Labels
from twins.sample import CELL, HEADER, notebook, small_book, write_book
from twins.test_inline import PIXEL

TOC = """format: jb-book
root: index
parts:
  - caption: First
    numbered: true
    chapters:
      - file: chapters/one
        sections:
          - file: chapters/below
  - caption: Second
    numbered: true
    chapters:
      - file: chapters/two
  - caption: Third
    chapters:
      - file: chapters/three
      - file: chapters/four
"""
# Every kind of thing that is numbered, some nested, some without a number.
NUMBERED = """
## First {0}

$$ a $$ (eq-{0}-a)

:::{{note}}
```{{math}}
:label: eq-{0}-b
b
```
:::

$$ none $$

```{{figure}} p.png
:name: fig-{0}
:alt: a dot

Caption.
```

```{{figure}} p.png
:alt: a dot without a number
```

## Second {0}

```{{list-table}} Caption
:name: tab-{0}
:header-rows: 1
* - a
* - b
```

```{{code-block}} python
:name: code-{0}
:caption: Caption
x = 1
```

```{{exercise}} Title
:label: ex-{0}-a
$$ c $$ (eq-{0}-c)
```

```{{exercise}}
:label: ex-{0}-n
:nonumber:
No number.
```

```{{exercise-start}}
:label: ex-{0}-b
```
Text.
```{{exercise-end}}
```

- item

  $$ d $$ (eq-{0}-d)
"""
SPHINX = """
extensions = ["myst_nb", "sphinx_external_toc", "sphinx_exercise", "sphinx_multitoc_numbering"]
external_toc_path = "_toc.yml"
exclude_patterns = ["_build"]
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "dollarmath"]
numfig = True
numfig_format = {"figure": "Figure %s", "table": "Table %s", "code-block": "Listing %s"}
html_theme = "basic"
"""
NAMES = ["index", *(f"chapters/{name}" for name in ("one", "below", "two", "three", "four"))]


@pytest.fixture
def book_folder(tmp_path: Path) -> Path:
    pages = {name: f"# Page {name}\n{NUMBERED.format(Path(name).name)}\n{CELL}" for name in NAMES}
    write_book(tmp_path, pages, toc=TOC)
    for folder in (tmp_path, tmp_path / "chapters"):
        (folder / "p.png").write_bytes(PIXEL)
    return tmp_path


def numbers_on_the_page(root: Path) -> dict[str, dict[str, list[str]]]:
    """Build the book with Sphinx and read the numbers off the pages."""
    (root / "conf.py").write_text(SPHINX, "utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(root), str(root / "_build")]
    subprocess.run(command, check=True, capture_output=True, text=True)
    found = {}
    for name in NAMES:
        page = re.sub(
            r"<span class=\"caption-text\">", "", (root / "_build" / f"{name}.html").read_text("utf-8")
        )
        found[name] = {
            "equation": re.findall(r'class="eqno">\(([\d.]+)\)', page),
            "exercise": re.findall(r'class="caption-number">\s*Exercise ([\d.]+)', page),
            **{
                kind: re.findall(rf'class="caption-number">{word} ([\d.]+) ?</span>', page)
                for kind, word in (("figure", "Figure"), ("table", "Table"), ("code-block", "Listing"))
            },
        }
    return found


def test_numbers_are_those_that_sphinx_prints(book_folder: Path) -> None:
    book = read_book(book_folder)
    labels = Labels(book)
    expected = numbers_on_the_page(book_folder)
    for name in NAMES:
        short = Path(name).name
        ours = {
            "equation": [f"eq-{short}-{letter}" for letter in "abcd"],
            "exercise": [f"ex-{short}-a", f"ex-{short}-b"],
            "figure": [f"fig-{short}"],
            "table": [f"tab-{short}"],
            "code-block": [f"code-{short}"],
        }
        for kind, names in ours.items():
            found = [labels.find(label) for label in names]
            assert [label.number for label in found if label] == expected[name][kind], (name, kind)
    # What makes the comparison worth something: chapters, running numbers, and pages below a chapter.
    assert expected["chapters/two"]["equation"] == ["2.1", "2.2", "2.3", "2.4"]
    assert expected["chapters/below"]["equation"][0] == "1.5"
    assert expected["chapters/four"]["exercise"][0].isdigit()


def test_the_twin_prints_them(book_folder: Path) -> None:
    text = "\n".join(cell.source for cell in notebook(read_book(book_folder), "chapters/below").cells)
    assert re.findall(r"\\tag\{([\d.]+)\}", text) == ["1.5", "1.6", "1.7", "1.8"]
    assert re.findall(r"### Exercise ([\d.]+)", text) == ["1.3", "1.4"]
    assert "**Figure 1.2.** Caption." in text
    assert "**Listing 1.2.** Caption" in text


def test_a_label_that_stands_twice_stops_the_run(tmp_path: Path) -> None:
    index = "# Index\n\n$$ a $$ (eq-Same)\n"
    with pytest.raises(
        TwinError, match=r"chapters/one\.md:14: labels must differ, got 'eq-same', also in index"
    ):
        notebook(small_book(tmp_path, "$$ b $$ (eq-same)", index=index))


def test_a_page_without_file_stops_the_run(tmp_path: Path) -> None:
    write_book(tmp_path, {"index": "# Index"})
    with pytest.raises(
        FileNotFoundError, match=r"_toc\.yml must name existing \.md files, got 'chapters/one'"
    ):
        read_book(tmp_path)


@pytest.mark.parametrize("name", ["_config.yml", "_toc.yml"])
def test_a_folder_without_book_stops_the_run(tmp_path: Path, name: str) -> None:
    write_book(tmp_path, {"index": "# Index", "chapters/one": "# One"})
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"root must hold {name}"):
        read_book(tmp_path)


def test_an_extension_that_twins_do_not_know_stops_the_run(tmp_path: Path) -> None:
    write_book(tmp_path, {"index": "# Index", "chapters/one": "# One"})
    config = tmp_path / "_config.yml"
    config.write_text(config.read_text("utf-8").replace("[amsmath", "[fieldlist, amsmath"), "utf-8")
    with pytest.raises(ValueError, match=r"myst_enable_extensions must be among .*, got \['fieldlist'\]"):
        read_book(tmp_path)


def test_the_header_is_no_part_of_the_page(tmp_path: Path) -> None:
    assert "jupytext" in HEADER
    assert all("jupytext" not in cell.source for cell in notebook(small_book(tmp_path, "Text.")).cells)
