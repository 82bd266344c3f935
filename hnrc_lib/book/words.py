"""The words that go with a picture or a sound, checked and written as HTML or Markdown."""

import html
import os
import re

BOOK_VARIABLE = "HNRC_BOOK"
_MATH = re.compile(r"(?<!\\)\$([^$\n]+?)(?<!\\)\$")


def in_book() -> bool:
    """Whether the book is being built; a notebook in Colab or JupyterLab is not."""
    return bool(os.environ.get(BOOK_VARIABLE))


def require_sentence(name: str, text: str, *, min_words: int) -> str:
    """Return ``text`` on one line if it is a sentence that says something.

    Args:
        name: the argument, for the message.
        text: what the author wrote.
        min_words: how few words cannot yet say it.

    Raises:
        ValueError: too few words, or no full stop at the end.

    >>> require_sentence("alt", "A bowl whose narrow axis runs from left to right.", min_words=6)
    'A bowl whose narrow axis runs from left to right.'
    """
    line = " ".join(text.split())
    if len(line.split()) < min_words or not line.endswith((".", "!", "?", "。")):
        wanted = f"a sentence of at least {min_words} words that ends with a full stop"
        raise ValueError(f"{name} must be {wanted}, got {text!r}")
    return line


def html_with_math(text: str) -> str:
    """Escape text for HTML; ``$…$`` becomes a span that the page's MathJax sets.

    >>> html_with_math("the step at $\\\\lambda = 0$ & beyond")
    'the step at <span class="math notranslate nohighlight">\\\\(\\\\lambda = 0\\\\)</span> &amp; beyond'
    """
    pieces, position = [], 0
    for match in _MATH.finditer(text):
        pieces.append(html.escape(text[position : match.start()], quote=False))
        formula = html.escape(match.group(1), quote=False)
        pieces.append(f'<span class="math notranslate nohighlight">\\({formula}\\)</span>')
        position = match.end()
    pieces.append(html.escape(text[position:], quote=False))
    return "".join(pieces)
