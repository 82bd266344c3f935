"""The notebook as a whole: a page with everything, its metadata, its stability."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from hnrc_lib.book.twins.book import read_book
from hnrc_lib.book.twins.errors import TwinError
from hnrc_lib.book.twins.leaks import check_plain
from hnrc_lib.book.twins.notebook import Twins
from hnrc_lib.book.twins.paths import twin_path
from twins.sample import CONFIG, notebook, small_book
from twins.test_cells import EXERCISE
from twins.test_inline import PIXEL

EVERYTHING = f"""(top)=
Text {{cite:t}}`nocedal2006`, {{cite:p}}`sagun2016a,sagun2016b`, {{eq}}`eq-a`,
{{ref}}`the top <top>`, [](#the-end), a note[^n].

[^n]: The *note*.

% nobody reads this

$$
a &= b \\\\
c &= d
$$ (eq-a)

{{#para .wide}}
A paragraph with [a span]{{.red}} and {{term}}`Hessian`.

:::{{admonition}} Claim
:class: warning
- {{abbr}}`HVP (product)`

  ```{{math}}
  :label: eq-b
  x
  ```
:::

:::{{dropdown}} Why $x$?
```python
y = "{{ref}}`kept`"
```
:::

:::{{figure}} p.png
:alt: A dot.
:name: fig
A dot, {{numref}}`fig`.
:::

| a | b |
|---|---|
| $\\|x\\|$ | {{cite:p}}`many` |

```{{index}} damping
```

+++

```{{glossary}}
Hessian
  Second derivatives.
```

{EXERCISE}

## The end

Term
: Its meaning.
"""
# Not the library's own check: plain searches for what MyST looks like.
RAW = [
    r"\{[a-z:]+\}`",
    r"^\s*(>\s*)*(```+|:::+)\s*\{",
    r"^:::",
    r"^\([\w-]+\)=",
    r"\$\$ ?\([\w-]+\)",
    r"\[\^",
    r"^\+\+\+",
    r"^%",
    r"\{[.#][\w-]+\}",
    r"^:[\w-]+:",
]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "p.png").write_bytes(PIXEL)
    small_book(tmp_path, EVERYTHING)
    return tmp_path


def twin(root: Path) -> tuple[str, nbformat.NotebookNode]:
    book = read_book(root)
    found = book.page("chapters/one")
    assert found is not None
    source = Twins(book).source(found)
    return source, nbformat.reads(source, as_version=4)


def test_nothing_of_myst_is_left(page: Path) -> None:
    _, made = twin(page)
    for cell in made.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"```python.*?```", "", cell.source, flags=re.DOTALL)
            for pattern in RAW:
                assert not re.search(pattern, text, re.MULTILINE), (pattern, cell.source)


def test_code_in_a_listing_is_left_alone(page: Path) -> None:
    _, made = twin(page)
    assert any('y = "{ref}`kept`"' in cell.source for cell in made.cells)


def test_it_is_a_valid_notebook_for_a_gpu_without_outputs(page: Path) -> None:
    source, made = twin(page)
    nbformat.validate(made)
    assert made.metadata["accelerator"] == "GPU"
    assert made.metadata["kernelspec"] == {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    assert made.metadata["colab"]["provenance"] == []
    assert made.metadata["colab"]["toc_visible"] is True
    assert all(
        cell.outputs == [] and cell.execution_count is None for cell in made.cells if cell.cell_type == "code"
    )
    assert len({cell.id for cell in made.cells}) == len(made.cells)
    assert source.endswith("}\n")


def test_the_same_page_gives_the_same_bytes(page: Path) -> None:
    assert twin(page)[0] == twin(page)[0]


def test_a_new_cell_leaves_the_names_of_the_others(tmp_path: Path) -> None:
    before = notebook(small_book(tmp_path, "A.\n\n## B\n\n## C\n")).cells
    after = notebook(small_book(tmp_path, "A.\n\n## New\n\n## B\n\n## C\n")).cells
    assert {cell.id for cell in before} < {cell.id for cell in after}


def test_two_equal_cells_have_two_names(tmp_path: Path) -> None:
    cell = "```{code-cell} ipython3\n1 + 1\n```\n\n"
    made = notebook(small_book(tmp_path, cell * 2)).cells
    assert len({cell.id for cell in made}) == len(made)


def test_references_list_what_the_page_cites(page: Path) -> None:
    _, made = twin(page)
    text = made.cells[-1].source
    assert text == (
        "## References\n\n"
        "- Jackson, Zohar and others. Digits\\_v1. 2018.\n"
        "- Nocedal, Jorge and Wright, Stephen J. *Numerical Optimization*. Springer, 2006.\n"
        "- Sagun, Léon and van der Maaten, Anna. Singularity. 2016. [2016a]\n"
        "- Sagun, Léon and van der Maaten, Anna. Bulk. 2016. [2016b]"
    )
    assert any(
        "(Sagun and van der Maaten, 2016a; Sagun and van der Maaten, 2016b)" in c.source for c in made.cells
    )


def test_references_stand_where_the_page_puts_them(tmp_path: Path) -> None:
    text = "{cite:p}`corpus`\n\n## Sources\n\n```{bibliography}\n:filter: docname in docnames\n```\n\n## Last"
    cells = notebook(small_book(tmp_path, text)).cells
    assert [cell.source for cell in cells[2:-1]] == [
        "(A Corpus, 2018)",
        "## Sources\n\n- A corpus. 2018.",
        "## Last",
    ]


def test_a_missing_bibliography_file_stops_the_run(tmp_path: Path) -> None:
    book = small_book(tmp_path, "{cite:p}`corpus`", config=CONFIG.replace("references.bib", "gone.bib"))
    with pytest.raises(FileNotFoundError, match=r"bibtex_bibfiles must exist, got gone\.bib"):
        notebook(book)


@pytest.mark.parametrize(
    ("left", "kind"),
    [
        ("a {ref}`b`", "myst_role"),
        ("```{note}\n```", "fence"),
        ("> :::{note}\n> :::", "colon_fence"),
        ("(a)=\n", "myst_target"),
        ("$$ a $$ (b)", "math_block_label"),
        ("% a", "myst_line_comment"),
        ("+++", "myst_block_break"),
        ("a[^b]\n\n[^b]: c", "footnote_ref"),
        ("a {{ b }}", "substitution_inline"),
    ],
)
def test_the_last_look_finds_what_is_left(left: str, kind: str) -> None:
    with pytest.raises(TwinError, match=f"a notebook must hold plain Markdown, got {kind}"):
        check_plain(left, "index.md")


def test_the_last_look_passes_plain_markdown() -> None:
    check_plain("# A\n\n$$ a $$\n\n`{ref}` and\n\n```python\n{x}\n```\n\n<details>\n\n- b", "index.md")


def test_twins_lie_below_notebooks() -> None:
    assert twin_path("chapters/a/b") == "notebooks/a/b.ipynb"


def test_the_chapter_is_named_in_the_notebook(page: Path) -> None:
    source, _ = twin(page)
    assert json.loads(source)["metadata"]["hnrc"] == {
        "address": "https://github.com/someone/a-book",
        "chapter": "chapters/one.md",
    }
