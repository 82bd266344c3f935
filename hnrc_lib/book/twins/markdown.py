"""MyST's own Markdown parser, told to remember where in a line each special piece stands."""

from collections.abc import Callable, Iterable, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from hnrc_lib.book.twins.blocks import Piece
from hnrc_lib.book.twins.errors import NoForm

# They change what the parser makes of a text, never the text itself, which is what a twin keeps.
_WITHOUT_EFFECT = {"linkify", "tasklist", "smartquotes", "replacements"}
_UNDERSTOOD = {
    *("amsmath", "attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"),
    *("strikethrough", "substitution"),
}
_SPANNED = (
    *("math_inline", "substitution_inline", "myst_role", "link", "span", "image", "footnote_ref", "autolink"),
)
_PLAIN = {
    *("text", "text_special", "softbreak", "hardbreak", "code_inline", "html_inline"),
    *("em_open", "em_close", "strong_open", "strong_close", "s_open", "s_close"),
}


def parser(extensions: Iterable[str]) -> MarkdownIt:
    """MyST's parser with the book's extensions.

    Args:
        extensions: MyST's names, as in ``myst_enable_extensions``.

    Raises:
        ValueError: an extension whose syntax a twin would leave raw.
    """
    asked = set(extensions) - _WITHOUT_EFFECT
    if strange := sorted(asked - _UNDERSTOOD):
        raise ValueError(
            f"myst_enable_extensions must be among {sorted(_UNDERSTOOD)} for twins, got {strange}"
        )
    markdown = create_md_parser(
        MdParserConfig(enable_extensions=asked, dmath_double_inline=True), RendererHTML
    )
    for rule in markdown.inline.ruler.__rules__:
        if rule.name in _SPANNED:
            markdown.inline.ruler.at(rule.name, _with_span(rule.fn))
        elif rule.name == "attr":
            markdown.inline.ruler.at(rule.name, _with_token(rule.fn))
    return markdown


def _with_span(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    def spanned(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        is_bracket = state.src.startswith("[", start)
        label_end = state.md.helpers.parseLinkLabel(state, start, True) if is_bracket else -1
        if not rule(state, silent):
            return False
        if not silent:
            # Text that was waiting is pushed first; the rule's own token is the next one.
            token = next(token for token in state.tokens[count:] if token.type != "text")
            token.meta["span"] = (start, state.pos)
            token.meta["text"] = (start + 1, label_end) if is_bracket else None
        return True

    return spanned


def _with_token(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """Attributes in braces go to the token before them; a token of their own marks where they stood."""

    def marked(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if not rule(state, silent):
            return False
        if not silent:
            state.push("attrs", "", 0).meta["span"] = (start, state.pos)
        return True

    return marked


def pieces(tokens: Sequence[Token]) -> tuple[Piece, ...]:
    """The parts of a line that plain Markdown would not understand.

    Args:
        tokens: the children of an ``inline`` token from ``parser()``.

    Raises:
        NoForm: a token of a kind that is not known here.
    """
    found: list[list[Piece]] = [[]]
    opened: list[Token] = []
    for token in tokens:
        if token.type in ("link_open", "span_open"):
            opened.append(token)
            found.append([])
        elif token.type in ("link_close", "span_close"):
            inside = tuple(found.pop())
            found[-1].append(_bracket(opened.pop(), inside))
        elif token.type not in _PLAIN:
            found[-1].append(_piece(token))
    return tuple(found[0])


def _bracket(token: Token, inside: tuple[Piece, ...]) -> Piece:
    start, end = token.meta["span"]
    if token.type == "span_open":
        return Piece("span", start, end, label=token.meta["text"], children=inside)
    href, title = str(token.attrGet("href") or ""), str(token.attrGet("title") or "")
    return Piece("link", start, end, href, title, token.meta["text"], inside)


def _piece(token: Token) -> Piece:
    if "span" not in token.meta:
        raise NoForm(f"text must use known syntax, got {token.type} {token.content!r}")
    start, end = token.meta["span"]
    if token.type == "myst_role":
        return Piece("role", start, end, token.meta["name"], token.content)
    if token.type == "image":
        return Piece("image", start, end, str(token.attrGet("src")), token.content)
    if token.type == "footnote_ref":
        return Piece("footnote", start, end, token.meta["label"])
    if token.type == "attrs":
        return Piece("attributes", start, end)
    if token.type in ("math_inline", "math_inline_double"):
        return Piece("math", start, end, content=token.content)
    raise NoForm(f"text must use known syntax, got {token.type} {token.content!r}")
