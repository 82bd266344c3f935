"""Boxes, figures, tables and listings."""

import base64
from pathlib import Path

import pytest

from hnrc_lib.book.twins.errors import TwinError
from twins.sample import markdown
from twins.test_inline import PIXEL


@pytest.mark.parametrize(
    ("source", "written"),
    [
        (":::{note}\nText *a*.\n:::", "> **Note**\n>\n> Text *a*."),
        (
            "```{tip} Text on the first line,\nand more.\n```",
            "> **Tip**\n>\n> Text on the first line,\n> and more.",
        ),
        (":::{admonition} Claim $x$\n:class: warning\nSaid.\n:::", "> **Claim $x$**\n>\n> Said."),
        (":::{seealso}\nA book.\n:::", "> **See also**\n>\n> A book."),
        (":::{margin} Aside\nText.\n:::", "> **Aside**\n>\n> Text."),
        (":::{epigraph}\nWords.\n:::", "> Words."),
        ("::::{note}\n:::{tip}\nInner.\n:::\n::::", "> **Note**\n>\n> > **Tip**\n> >\n> > Inner."),
        ("- item\n  :::{note}\n  Text.\n  :::", "- item\n  > **Note**\n  >\n  > Text."),
        (":::{rubric} A *title*\n:::", "**A *title***"),
        ("```{index} damping\n```\nText.", "Text."),
        ("% a comment\n\nText.", "Text."),
        ("Text.\n\n+++\n\nMore.", "Text.\n\nMore."),
        ("```{raw} html\n<b>x</b>\n```", "<b>x</b>"),
        ("```{code-block} python\n:linenos:\nx = 1\n```", "```python\nx = 1\n```"),
        ("```bash\nmake book\n```", "```bash\nmake book\n```"),
        ("    indented = True", "```\nindented = True\n```"),
        ("> quoted {abbr}`A (b)`\n> text", '> quoted <abbr title="b">A</abbr>\n> text'),
        ("1. a\n2. b\n   - c\n   - d", "1. a\n2. b\n   - c\n   - d"),
        ("3. a\n\n   more\n\n4. b", "3. a\n\n   more\n\n4. b"),
        ("- [ ] to do\n- [x] done", "- [ ] to do\n- [x] done"),
        ("Term\n: What it *means*.\n\n  More.", "- **Term**\n\n  What it *means*.\n\n  More."),
        ("---", "---"),
        ("<!-- a comment -->", "<!-- a comment -->"),
        (
            "```{glossary}\nHessian\n  Second derivatives,\n  all of them.\n```",
            "- **Hessian**: Second derivatives, all of them.",
        ),
        (
            "::::{tab-set}\n:::{tab-item} CPU\nSlow.\n:::\n:::{tab-item} GPU\nFast.\n:::\n::::",
            "**CPU**\n\nSlow.\n\n**GPU**\n\nFast.",
        ),
    ],
)
def test_a_block_becomes_plain_markdown(tmp_path: Path, source: str, written: str) -> None:
    assert markdown(tmp_path, source) == written


class TestFolding:
    BODY = "</b></summary>\n\nBecause of $x$.\n\n</details>"

    @pytest.mark.parametrize(
        ("source", "opening"),
        [
            (":::{dropdown} Why *so*, $a<b_1$?\n", "<details>\n<summary><b>Why <em>so</em>, $a&lt;b_1$?"),
            (":::{dropdown} Why?\n:open:\n:color: info\n", "<details open>\n<summary><b>Why?"),
            (":::{admonition} Why?\n:class: tip dropdown\n", "<details>\n<summary><b>Why?"),
            (":::{note}\n:class: dropdown\n", "<details>\n<summary><b>Note"),
        ],
    )
    def test_a_dropdown_folds(self, tmp_path: Path, source: str, opening: str) -> None:
        assert markdown(tmp_path, f"{source}Because of $x$.\n:::") == opening + self.BODY

    def test_dropdowns_one_after_another_stay_apart(self, tmp_path: Path) -> None:
        written = markdown(tmp_path, ":::{dropdown} 1\nNo.\n:::\n:::{dropdown} 2\nYes.\n:::")
        assert "</details>\n\n<details>" in written


class TestEquations:
    def test_numbers_run_over_every_way_to_write_one(self, tmp_path: Path) -> None:
        text = "$$ a $$ (eq-a)\n\n$$\nno number\n$$\n\n```{math}\n:label: eq-b\nb\n```\n\n"
        text += ":::{note}\n$$\nc\n= d % why\n$$ (eq-c)\n:::"
        written = markdown(tmp_path, text)
        assert "$$\na \\tag{1.1}\n$$" in written
        assert "$$\nno number\n$$" in written
        assert "$$\nb \\tag{1.2}\n$$" in written
        assert "> $$c = d \\tag{1.3}$$" in written

    def test_lines_are_aligned_in_an_environment_that_fits_between_dollars(self, tmp_path: Path) -> None:
        aligned = "$$\n\\begin{aligned}\na &= b \\\\\nc &= d\n\\end{aligned}\n$$"
        for source in (
            "$$\na &= b \\\\\nc &= d\n$$",
            "```{math}\na &= b \\\\\nc &= d\n```",
            "\\begin{align*}\na &= b \\\\\nc &= d\n\\end{align*}",
        ):
            assert markdown(tmp_path, source) == aligned

    def test_a_matrix_needs_no_alignment(self, tmp_path: Path) -> None:
        source = "$$\n\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}\n$$"
        assert markdown(tmp_path, source) == source


class TestFigures:
    @pytest.fixture(autouse=True)
    def _picture(self, tmp_path: Path) -> None:
        (tmp_path / "chapters").mkdir()
        (tmp_path / "chapters" / "p.png").write_bytes(PIXEL)

    def test_a_figure_has_its_words_its_number_and_its_picture_inside(self, tmp_path: Path) -> None:
        text = (
            ':::{figure} p.png\n:name: fig-p\n:alt: A "dot".\n:width: 60%\nCaption *c*.\n\nLegend.\n:::\n\n'
        )
        text += "See {numref}`fig-p`, {numref}`picture %s <fig-p>`."
        written = markdown(tmp_path, text)
        data = base64.b64encode(PIXEL).decode()
        assert f'<img src="data:image/png;base64,{data}" alt="A &quot;dot&quot;." width="60%">' in written
        assert "**Figure 1.1.** Caption *c*.\n\nLegend." in written
        assert "See [Figure 1.1](#fig-p), [picture 1.1](#fig-p)." in written

    def test_a_picture_without_words_stops_the_run(self, tmp_path: Path) -> None:
        with pytest.raises(TwinError, match=r"one\.md:14: \{image\} must have an alternative text"):
            markdown(tmp_path, "```{image} p.png\n:width: 3\n```")


class TestTables:
    def test_a_list_table_becomes_a_table(self, tmp_path: Path) -> None:
        text = "```{list-table} Readings\n:header-rows: 1\n:name: tab-r\n"
        text += "* - a\n  - b\n* - $|c|$\n  - d\n\n    e\n```\n\n{numref}`tab-r`"
        written = markdown(tmp_path, text)
        assert (
            "**Table 1.1.** Readings\n\n| a | b |\n| --- | --- |\n| $\\vert c\\vert $ | d<br>e |" in written
        )
        assert "[Table 1.1](#tab-r)" in written

    def test_a_table_with_a_caption_is_numbered(self, tmp_path: Path) -> None:
        text = "```{table} Numbers\n| a |\n|---|\n| 1 |\n```"
        assert markdown(tmp_path, text) == "**Table 1.1.** Numbers\n\n| a |\n| --- |\n| 1 |"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (":::{frobnicate} x\n:::", r"chapters/one\.md:14: directive must be among .*, got \{frobnicate\}"),
        ("Text.\n\n- a\n\n  ```{frobnicate}\n  ```", r"one\.md:18: directive"),
        (":::{note}\n:class: tip\n\nText.\n\n```{frobnicate}\n```\n:::", r"one\.md:19: directive"),
        (
            ":::{note}\n:frobnicate: yes\nText.\n:::",
            r"options of \{note\} must be among .*, got \['frobnicate'\]",
        ),
        (
            ":::{note}\n```{code-cell} ipython3\n1\n```\n:::",
            r"one\.md:15: code-cell must stand at the page's top level",
        ),
        ("```{raw} latex\nx\n```", r"\{raw\} must be html, got 'latex'"),
        ("```{list-table}\ntext\n```", r"\{list-table\} must hold one list of lists"),
        (":::{note}\n```{exercise}\n:label: e\n```\n:::", r"\{exercise\} must stand at the top level"),
        ("\\begin{align}\na\n\\end{align}", r"one\.md:14: equations that are numbered must be written"),
        ("{{ version }}", r"one\.md:14: twins know no substitutions, got \{\{ version \}\}"),
        ("```{note}\n---\nclass: tip\n```", "options that begin with --- must end with ---"),
        ("```{code-cell} ipython3\n:frobnicate: 1\n1\n```", "options of code-cell must be tags or name"),
        ("```{code-cell} ipython3\n:tags: hide-input\n1\n```", r"tags must be a list like \[hide-input\]"),
    ],
)
def test_what_is_unknown_or_misplaced_stops_the_run(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(TwinError, match=message):
        markdown(tmp_path, source)
