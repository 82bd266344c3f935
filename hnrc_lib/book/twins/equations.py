"""Equations as Jupyter and Colab set them: numbered by a tag, aligned by an environment of their own."""

import re

# MathJax and KaTeX refuse these inside $$ … $$; the right-hand ones are made for that place.
_INNER = {
    "align": "aligned",
    "gather": "gathered",
    "equation": "",
    "eqnarray": "aligned",
    "multline": "gathered",
}
_OUTER = re.compile(r"\\(begin|end)\{(" + "|".join(_INNER) + r")\*?\}")
_ENVIRONMENT = re.compile(r"\\begin\{([a-zA-Z]+\*?)\}.*?\\end\{\1\}", re.DOTALL)
# A comment would swallow the number behind it. One that fills its line takes the line with it.
_COMMENT = re.compile(r"^[ \t]*%.*\n?|[ \t]*(?<!\\)%.*$", re.MULTILINE)


def display(source: str, tag: str = "", *, one_line: bool = False) -> str:
    r"""A displayed equation.

    Args:
        source: LaTeX, without dollars.
        tag: its number, without parentheses; empty for none.
        one_line: keep it on one line, as inside a quotation, whose marks would end up in the formula.

    >>> print(display(r"a \\ b", "2.1"))
    $$
    \begin{aligned}
    a \\ b
    \end{aligned} \tag{2.1}
    $$
    >>> display("a % why\n= b", "3", one_line=True)
    '$$a = b \\tag{3}$$'
    """
    body = _OUTER.sub(_inner, _COMMENT.sub("", source).strip())
    # Like Sphinx: a blank line parts two lines, and several lines without an environment are aligned.
    body = re.sub(r"\n\s*\n", r"\n\\\\\n", body)
    if r"\\" in _ENVIRONMENT.sub("", body):
        body = f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"
    if tag:
        body = f"{body} \\tag{{{tag}}}"
    if one_line:
        return f"$${' '.join(body.split())}$$"
    return f"$$\n{body}\n$$"


def _inner(match: re.Match[str]) -> str:
    edge, name = match.groups()
    return f"\\{edge}{{{_INNER[name]}}}" if _INNER[name] else ""
