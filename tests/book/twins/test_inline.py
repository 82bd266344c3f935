"""Roles, links, citations, footnotes and pictures inside a line."""

import base64
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.book.twins.blocks import Paragraph
from hnrc_lib.book.twins.book import Book, Page
from hnrc_lib.book.twins.citations import Bibliography
from hnrc_lib.book.twins.errors import TwinError
from hnrc_lib.book.twins.inline import InlineWriter
from hnrc_lib.book.twins.labels import Labels
from hnrc_lib.book.twins.reader import Reader
from twins.sample import CONFIG, markdown

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{abbr}`HVP (Hessian-vector <product>)`", '<abbr title="Hessian-vector &lt;product&gt;">HVP</abbr>'),
        ("{math}`x_1`", "$x_1$"),
        ("H{sub}`2`O and x{sup}`2`", "H<sub>2</sub>O and x<sup>2</sup>"),
        ("{kbd}`Ctrl`", "<kbd>Ctrl</kbd>"),
        ("{code}`a b`", "`a b`"),
        ("{func}`~hnrc_lib.linalg.lanczos`", "`lanczos()`"),
        ("{py:class}`hnrc_lib.optim.HNRC`", "`hnrc_lib.optim.HNRC`"),
        ("{index}`damping <damping; of Newton>` matters", "damping matters"),
        ("{cite:p}`pearlmutter1994`", "(Pearlmutter, 1994)"),
        ("{cite:p}`li2018, nocedal2006`", "(Li et al., 2018; Nocedal and Wright, 2006)"),
        ("{cite:t}`nocedal2006`", "Nocedal and Wright (2006)"),
        ("{cite:author}`nocedal2006` {cite:year}`nocedal2006`", "Nocedal and Wright 2006"),
        ("[a span]{.red} and `code`{.python}", "a span and `code`"),
        ("**bold {abbr}`A (b)`**", '**bold <abbr title="b">A</abbr>**'),
        ("`{ref}` in code stays", "`{ref}` in code stays"),
        ("two  spaces, \\*escapes\\*, &amp; <b>HTML</b>", "two  spaces, \\*escapes\\*, &amp; <b>HTML</b>"),
        ("a line\nand the next  \nand one more", "a line\nand the next  \nand one more"),
        ("https://example.org and <https://example.org>", "https://example.org and <https://example.org>"),
        ('[out](https://example.org "a title")', '[out](https://example.org "a title")'),
        ("[out][ref]\n\n[ref]: https://example.org", "[out](https://example.org)"),
    ],
)
def test_a_line_becomes_plain_markdown(tmp_path: Path, source: str, written: str) -> None:
    assert markdown(tmp_path, source).split("\n\n## References")[0] == written


@settings(max_examples=200, deadline=None)
@given(st.text("ab *_`$.,\\<>|", min_size=1).map(lambda text: f"x{text}y"))
def test_text_without_myst_is_kept_to_the_letter(text: str) -> None:
    page = Page("one", (), Reader("one.md", ["dollarmath"]).read(text))
    book = Book(Path(), "1.0", "", "main", "", {}, (page,))
    (paragraph,) = page.blocks
    assert isinstance(paragraph, Paragraph)
    assert InlineWriter(book, Labels(book), Bibliography([]), page).markdown(paragraph.text) == text


class TestReferences:
    TARGETS = """
(sec-two)=
## The *second* $x$

$$ a = b $$ (eq-step)

(loose)=
A paragraph.
"""

    @pytest.mark.parametrize(
        ("source", "written"),
        [
            ("{eq}`eq-step`", "[(1.1)](#equation-eq-step)"),
            ("{ref}`sec-two`", "[The *second* $x$](#sec-two)"),
            ("{ref}`words <sec-two>`", "[words](#sec-two)"),
            ("[](#sec-two)", "[The *second* $x$](#sec-two)"),
            ("[**words** and $y$](#sec-two)", "[**words** and $y$](#sec-two)"),
            ("<project:#sec-two>", "[The *second* $x$](#sec-two)"),
            ("[there](#the-second-x)", "[there](#the-second-x)"),
            ("[](#eq-step)", "[(1.1)](#equation-eq-step)"),
            ("[there](#loose)", "[there](#loose)"),
        ],
    )
    def test_on_the_same_page(self, tmp_path: Path, source: str, written: str) -> None:
        text = markdown(tmp_path, f"{source}\n{self.TARGETS}")
        assert text.startswith(written)
        anchor = written.split("(#")[-1].rstrip(")")
        assert f'<a id="{anchor}"></a>' in text

    def test_an_anchor_is_written_only_where_something_links_to_it(self, tmp_path: Path) -> None:
        assert "<a id" not in markdown(tmp_path, self.TARGETS)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("{ref}`nowhere`", r"one\.md:14: label must exist in the book, got 'nowhere'"),
            ("{eq}`sec-two`", r"\{eq\} must name an equation"),
            ("{numref}`sec-two`", r"\{numref\} must name something with a number"),
            ("[](#nowhere)", "label must exist in the book, got 'nowhere'"),
            ("[](#loose)", "link must have a text, or its target a title"),
            ("{ref}`loose`", r"\{ref\} must have a title, or its target one"),
            ("[x](gone.md)", r"link must point at a page, label or file of the book, got 'gone\.md'"),
            ("{doc}`gone`", r"page must be in _toc\.yml, got 'gone'"),
            ("{term}`gone`", "label must exist in the book, got 'term-gone'"),
            ("{cite:p}`gone`", "citation must be in the bibliography, got 'gone'"),
            ("{frobnicate}`x`", r"one\.md:14: role must be among .*, got \{frobnicate\}"),
            ("first line\nsecond {frobnicate}`x`", r"one\.md:15: role"),
            ("- item\n\n  > {frobnicate}`x`", r"one\.md:16: role"),
            ("{abbr}`HVP`", r"\{abbr\} must read 'SHORT \(long\)'"),
            ("{{ version }} there", r"one\.md:14: text must use known syntax, got substitution_inline"),
        ],
    )
    def test_what_leads_nowhere_stops_the_run(self, tmp_path: Path, source: str, message: str) -> None:
        with pytest.raises(TwinError, match=message):
            markdown(tmp_path, f"{source}\n\n{self.TARGETS}")


class TestOtherPages:
    INDEX = "# The *index*\n\n(sec-i)=\n## Section\n\n$$ c $$ (eq-i)\n\n"
    INDEX += "```{glossary}\nHessian matrix\n  Second derivatives.\n```\n"
    WITH_CODE = INDEX + "\n```{code-cell} ipython3\n1\n```\n"

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("[](../index.md)", "The *index*"),
            ("{doc}`/index`", "The *index*"),
            ("{eq}`eq-i`", "(1)"),
            ("{ref}`sec-i`", "Section"),
            ("[x](../index.md#sec-i)", "x"),
            ("{term}`hessian matrix`", "hessian matrix"),
        ],
    )
    def test_a_page_with_code_is_linked_as_its_twin(self, tmp_path: Path, source: str, words: str) -> None:
        assert markdown(tmp_path, source, index=self.WITH_CODE) == f"[{words}](index.ipynb)"

    def test_a_page_without_code_is_linked_in_the_repository(self, tmp_path: Path) -> None:
        written = markdown(tmp_path, "{ref}`sec-i`", index=self.INDEX)
        assert written == "[Section](https://github.com/someone/a-book/blob/main/index.md)"

    def test_without_an_address_it_is_linked_as_a_file_beside_the_notebooks(self, tmp_path: Path) -> None:
        config = CONFIG.replace("https://github.com/someone/a-book", "")
        assert markdown(tmp_path, "{ref}`sec-i`", index=self.INDEX, config=config) == "[Section](../index.md)"

    @pytest.mark.parametrize(
        ("source", "written"),
        [
            ("{eq}`eq-i`", "[(1)](https://a.book/index.html#equation-eq-i)"),
            ("{term}`Hessian matrix`", "[Hessian matrix](https://a.book/index.html#term-Hessian-matrix)"),
            ("[](/index.md)", "[The *index*](https://a.book/index.html)"),
        ],
    )
    def test_a_book_with_an_address_is_linked_there(self, tmp_path: Path, source: str, written: str) -> None:
        config = CONFIG + 'html:\n  baseurl: "https://a.book/"\n'
        assert markdown(tmp_path, source, index=self.WITH_CODE, config=config) == written

    def test_another_file_of_the_book_is_linked_in_the_repository(self, tmp_path: Path) -> None:
        written = markdown(tmp_path, "[config](../_config.yml), {download}`../_toc.yml`")
        base = "https://github.com/someone/a-book/blob/main"
        assert written == f"[config]({base}/_config.yml), [_toc.yml]({base}/_toc.yml)"


class TestTables:
    def test_bars_are_escaped_in_text_and_spelled_out_in_formulas(self, tmp_path: Path) -> None:
        table = "| a | b |\n|:--|--:|\n| `x\\|y` | $\\lvert a \\rvert + \\|b\\| $ |"
        assert markdown(tmp_path, table) == (
            "| a | b |\n| :--- | ---: |\n| `x\\|y` | $\\lvert a \\rvert + \\vert b\\vert  $ |"
        )

    def test_roles_work_in_cells(self, tmp_path: Path) -> None:
        table = "| a |\n|---|\n| {cite:t}`nocedal2006` |"
        assert "| Nocedal and Wright (2006) |" in markdown(tmp_path, table)


class TestFootnotes:
    def test_they_are_numbered_by_first_use_and_gathered_at_the_end(self, tmp_path: Path) -> None:
        text = "One[^b], two[^a], one again[^b].\n\n[^a]: Text *a*.\n[^b]: Text b.\n\n    More b.\n"
        call = '<sup><a href="#footnote-{0}">{0}</a></sup>'
        written = markdown(tmp_path, text)
        assert written.startswith(f"One{call.format(1)}, two{call.format(2)}, one again{call.format(1)}.")
        notes = '1. <a id="footnote-1"></a>Text b.\n\n   More b.\n2. <a id="footnote-2"></a>Text *a*.'
        assert written.endswith(f"---\n\n{notes}")


class TestPictures:
    def test_a_local_picture_travels_inside(self, tmp_path: Path) -> None:
        (tmp_path / "chapters").mkdir()
        (tmp_path / "chapters" / "p.png").write_bytes(PIXEL)
        written = markdown(tmp_path, "![a *dot*](p.png)")
        assert written == f"![a *dot*](data:image/png;base64,{base64.b64encode(PIXEL).decode()})"

    def test_a_picture_from_elsewhere_stays(self, tmp_path: Path) -> None:
        assert markdown(tmp_path, "![a](https://example.org/a.png)") == "![a](https://example.org/a.png)"

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("![a](gone.png)", r"one\.md:14: image must exist, got gone\.png"),
            ("![](p.png)", "image must have an alternative text"),
            ("![a](../_config.yml)", "image must be PNG, JPEG, GIF, WebP or SVG"),
        ],
    )
    def test_a_bad_picture_stops_the_run(self, tmp_path: Path, source: str, message: str) -> None:
        with pytest.raises(TwinError, match=message):
            markdown(tmp_path, source)
