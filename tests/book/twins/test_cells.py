"""How a page is cut into cells; exercises and solutions."""

from pathlib import Path

import jupytext
import pytest
from nbformat import NotebookNode

from hnrc_lib.book.twins.errors import TwinError
from twins.sample import notebook, small_book

EXERCISE = """## Exercises

```{exercise-start} Flip $x$
:label: ex-flip
```
Do it.
```{exercise-end}
```

````{solution-start} ex-flip
:class: dropdown
````
Because.

```{code-cell} ipython3
x + 1
```
````{solution-end}
````
"""


def cells(root: Path, text: str) -> list[NotebookNode]:
    return notebook(small_book(root, text)).cells


def find(found: list[NotebookNode], beginning: str) -> NotebookNode:
    (cell,) = [cell for cell in found if cell.source.startswith(beginning)]
    return cell


class TestOrder:
    def test_title_then_setup_then_page(self, tmp_path: Path) -> None:
        title, setup, text, code = cells(tmp_path, "Text.")
        assert title.source.startswith(
            "# One\n\n*This notebook is a page of [A Book](https://github.com/someone/a-book)."
        )
        assert "hnrc_lib.book.twins.setup" in setup.source
        assert text.source == "Text."
        assert code.source == "1 + 1"

    def test_each_section_begins_a_cell(self, tmp_path: Path) -> None:
        found = cells(tmp_path, "A.\n\n## B\n\nb\n\n### C\n\nc")
        assert [cell.source for cell in found[2:-1]] == ["A.", "## B\n\nb", "### C\n\nc"]

    def test_code_is_what_jupytext_reads(self, tmp_path: Path) -> None:
        text = (
            "```{code-cell} ipython3\n:tags: [hide-output]\n\nx = 1\n\ny = [\n    2,\n]\n```\n\nText\n\n"
            + EXERCISE
        )
        found = cells(tmp_path, text)
        expected = jupytext.read(tmp_path / "chapters" / "one.md").cells
        sources = [cell.source for cell in found if cell.cell_type == "code"][1:]
        plain = [
            "\n".join(line for line in source.split("\n") if not line.startswith("# @title"))
            for source in sources
        ]
        assert plain == [cell.source for cell in expected if cell.cell_type == "code"]


class TestTags:
    @pytest.mark.parametrize("tag", ["hide-input", "hide-cell", "remove-input", "remove-cell"])
    def test_hidden_code_is_folded_and_still_runs(self, tmp_path: Path, tag: str) -> None:
        cell = cells(tmp_path, f"```{{code-cell}} ipython3\n:tags: [{tag}, x]\n\ny = 2\n```")[2]
        assert cell.cell_type == "code"
        assert cell.source.startswith("# @title ")
        assert cell.source.endswith("\ny = 2")
        assert cell.metadata["jupyter"] == {"source_hidden": True}
        assert cell.metadata["cellView"] == "form"
        assert cell.metadata["tags"] == [tag, "x"]

    def test_a_cell_magic_stays_in_the_first_line(self, tmp_path: Path) -> None:
        cell = cells(tmp_path, "```{code-cell} ipython3\n:tags: [hide-input]\n%%time\n1\n```")[2]
        assert cell.source == "%%time\n1"
        assert cell.metadata["jupyter"] == {"source_hidden": True}

    def test_other_tags_hide_nothing(self, tmp_path: Path) -> None:
        cell = cells(tmp_path, "```{code-cell} ipython3\n:tags: [raises-exception]\n1 / 0\n```")[2]
        assert cell.source == "1 / 0"
        assert cell.metadata["tags"] == ["raises-exception"]
        assert "cellView" not in cell.metadata


class TestExercises:
    def test_they_are_numbered_and_titled(self, tmp_path: Path) -> None:
        text = (
            EXERCISE
            + "\n```{exercise}\n:label: ex-b\nPlain.\n```\n\n"
            + "```{exercise}\n:nonumber:\nFree.\n```\n\nSee {ref}`ex-b`."
        )
        found = cells(tmp_path, text)
        assert find(found, "### Exercise 1.1").source == "### Exercise 1.1 (Flip $x$)\n\nDo it."
        second = find(found, '### <a id="ex-b"></a>Exercise 1.2').source
        assert second.endswith("\n\nPlain.")
        assert find(found, "### Exercise\n").source.endswith("Free.\n\nSee [Exercise 1.2](#ex-b).")

    def test_a_solution_with_code_is_a_folded_section(self, tmp_path: Path) -> None:
        book = small_book(tmp_path, EXERCISE + "\n## Next\n")
        twin = notebook(book)
        heading = find(twin.cells, "#### Solution to Exercise 1.1 (Flip $x$)")
        assert heading.source.count("\n") == 0
        assert heading.metadata["jp-MarkdownHeadingCollapsed"] is True
        assert twin.metadata["colab"]["collapsed_sections"] == [heading.id]
        assert heading.metadata["id"] == heading.id
        at = twin.cells.index(heading)
        assert twin.cells[at + 1].source == "Because."
        assert twin.cells[at + 2].source.endswith("\nx + 1")
        assert twin.cells[at + 2].metadata["jupyter"] == {"source_hidden": True}

    def test_it_stays_open_where_folding_would_hide_what_follows(self, tmp_path: Path) -> None:
        twin = notebook(small_book(tmp_path, EXERCISE + "\nText after the solution.\n"))
        heading = find(twin.cells, "#### Solution")
        assert "jp-MarkdownHeadingCollapsed" not in heading.metadata
        assert "collapsed_sections" not in twin.metadata["colab"]

    def test_a_solution_of_text_alone_folds(self, tmp_path: Path) -> None:
        text = "```{exercise}\n:label: e\nDo.\n```\n\n```{solution} e\nDone, $a_1$.\n```"
        found = cells(tmp_path, text)
        summary = "<summary><b>Solution to Exercise 1.1</b></summary>"
        assert f"<details>\n{summary}\n\nDone, $a_1$.\n\n</details>" in found[2].source

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "```{solution} gone\nx\n```",
                r"one\.md:14: solution must name an exercise above it, among \[\], got 'gone'",
            ),
            (
                "```{exercise-start}\n:label: e\n```\nx",
                r"one\.md:14: exercise-start must end with exercise-end",
            ),
            ("```{exercise-end}\n```", r"one\.md:14: exercise-end must follow its start"),
            (
                "```{exercise-start}\n:label: e\n```\n\n```{solution-start} e\n```\n",
                r"one\.md:18: exercise-start of line 14 must end with exercise-end, got solution-start",
            ),
            ("```{exercise}\n:frobnicate: e\n```", r"options of \{exercise\} must be among"),
        ],
    )
    def test_what_does_not_fit_together_stops_the_run(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(TwinError, match=message):
            cells(tmp_path, text)
