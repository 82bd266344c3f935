"""Small books for the tests."""

from pathlib import Path

from nbformat import NotebookNode, reads

from hnrc_lib.book.twins.book import Book, read_book
from hnrc_lib.book.twins.notebook import Twins

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
CELL = "```{code-cell} ipython3\n1 + 1\n```\n"
CONFIG = """title: A Book
only_build_toc_files: true
repository:
  url: "https://github.com/someone/a-book"
  branch: main
parse:
  myst_enable_extensions:
    [amsmath, attrs_block, attrs_inline, colon_fence, deflist, dollarmath, linkify, substitution, tasklist]
bibtex_bibfiles: [references.bib]
sphinx:
  config:
    numfig: true
    numfig_format: {figure: "Figure %s", table: "Table %s", code-block: "Listing %s"}
"""
TOC = """format: jb-book
root: index
parts:
  - caption: Part
    numbered: true
    chapters:
      - file: chapters/one
"""
REFERENCES = r"""
@article{pearlmutter1994, author = {Pearlmutter, Barak A.},
  title = {Fast exact multiplication by the {Hessian}},
  journal = {Neural Computation}, volume = {6}, number = {1}, pages = {147--160}, year = {1994}}
@book{nocedal2006, author = {Nocedal, Jorge and Wright, Stephen J.}, title = {Numerical Optimization},
  publisher = {Springer}, year = {2006}}
@inproceedings{li2018, author = {Li, Hao and Xu, Zheng and Taylor, Gavin}, title = {Visualizing},
  booktitle = {NeurIPS}, year = {2018}}
@misc{sagun2016a, author = {Sagun, L{\'e}on and van der Maaten, Anna}, title = {Singularity}, year = {2016}}
@misc{sagun2016b, author = {Sagun, L{\'e}on and van der Maaten, Anna}, title = {Bulk}, year = {2016}}
@misc{corpus, title = {A Corpus}, year = {2018}}
@misc{many, author = {Jackson, Zohar and others}, title = {Digits_v1}, year = {2018}}
"""


def write_book(root: Path, pages: dict[str, str], *, config: str = CONFIG, toc: str = TOC) -> Path:
    """Write a book; ``pages`` gives the text of ``index`` and ``chapters/one`` or whatever ``toc`` names."""
    files = {"_config.yml": config, "_toc.yml": toc, "references.bib": REFERENCES}
    files["pyproject.toml"] = '[project]\nname = "hnrc-lib"\nversion = "1.2.3"\n'
    files |= {f"{name}.md": HEADER + text for name, text in pages.items()}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def small_book(root: Path, text: str, *, index: str = "# Index\n", config: str = CONFIG) -> Book:
    """A book whose chapter holds ``text`` under the title ``One`` and one code cell at its end."""
    chapter = f"# One\n\n{text}\n\n{CELL}"
    return read_book(write_book(root, {"index": index, "chapters/one": chapter}, config=config))


def notebook(book: Book, name: str = "chapters/one") -> NotebookNode:
    """The twin of a page."""
    page = book.page(name)
    assert page is not None
    return reads(Twins(book).source(page), as_version=4)


def markdown(root: Path, text: str, **parts: str) -> str:
    """The text of the twin of a chapter that holds ``text``, without the opening cell."""
    cells = notebook(small_book(root, text, **parts)).cells
    return "\n\n".join(cell.source for cell in cells[1:] if cell.cell_type == "markdown")
