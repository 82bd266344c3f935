"""ARPA files: n-gram models as text that other toolkits read and write."""

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

from hnrc_lib.files import replace_file
from hnrc_lib.sequence.ngram import SENTENCE_START, Gram, NGram

_LN10 = math.log(10)
_ZERO = -99.0  # the format's logarithm of zero
_DIGITS = 7
_COUNT = re.compile(r"ngram (\d+)\s*=\s*(\d+)")


def write_arpa(model: NGram, path: str | os.PathLike[str]) -> Path:
    """Write a model beside ``path`` and rename it into place.

    Logarithms are to base 10 with seven digits after the point; a model read back and written again gives
    the same file.

    Args:
        model: its tokens hold no white space, since the format separates them by it.
        path: file to write.

    Returns:
        The path.

    Raises:
        ValueError: a token with white space.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(write_arpa(NGram.fit(["AA", "A"], 1), Path(folder) / "a.arpa").read_text())
    \\data\\
    ngram 1=4
    <BLANKLINE>
    \\1-grams:
    -0.5440680	</s>
    -99.0000000	<s>
    -0.5440680	<unk>
    -0.3679768	A
    <BLANKLINE>
    \\end\\
    <BLANKLINE>
    """
    path = Path(path)
    grams = {gram: value for gram, value in model.log_probs.items() if gram != (SENTENCE_START,)}
    grams[(SENTENCE_START,)] = -math.inf
    split = sorted({token for gram in grams for token in gram if token.split() != [token]})
    if split:
        raise ValueError(f"tokens of an ARPA file must hold no white space, got {split}")
    orders = [sorted(gram for gram in grams if len(gram) == n) for n in range(1, model.order + 1)]
    lines = ["\\data\\", *(f"ngram {n}={len(chosen)}" for n, chosen in enumerate(orders, start=1))]
    for n, chosen in enumerate(orders, start=1):
        lines += ["", f"\\{n}-grams:"]
        lines += [_line(grams[gram], gram, model.backoffs.get(gram)) for gram in chosen]
    replace_file(path, "\n".join([*lines, "", "\\end\\", ""]).encode())
    return path


def read_arpa(path: str | os.PathLike[str]) -> NGram:
    """Read an n-gram model.

    Text before ``\\data\\`` and empty lines are skipped; a logarithm of −99 or less is one of zero.

    Args:
        path: an ARPA file in UTF-8.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file does not follow the format; names the file, the line and what it expected.
    """
    path = Path(path)
    lines = _lines(path)
    number, line = next(lines, (0, ""))
    while line != "\\data\\":
        following = next(lines, None)
        if following is None:
            raise ValueError(f"{path}: an ARPA file must have a line \\data\\, found none")
        number, line = following
    expected, number, line = _header(path, lines)
    log_probs: dict[Gram, float] = {}
    backoffs: dict[Gram, float] = {}
    for order, count in enumerate(expected, start=1):
        if line != f"\\{order}-grams:":
            raise _fault(path, number, f"\\{order}-grams:", line)
        before = len(log_probs)
        number, line = _section(path, lines, order, log_probs, backoffs)
        if len(log_probs) - before != count:
            told = f"{count} {order}-grams above this line, as the header says"
            raise _fault(path, number, told, f"{len(log_probs) - before}")
    if line != "\\end\\":
        raise _fault(path, number, "\\end\\", line)
    log_probs.pop((SENTENCE_START,), None)
    return NGram(len(expected), log_probs, backoffs)


def _line(log_prob: float, gram: Gram, backoff: float | None) -> str:
    printed = [_printed(log_prob), " ".join(gram)]
    return "\t".join(printed if backoff is None else [*printed, _printed(backoff)])


def _printed(value: float) -> str:
    # Adding zero turns −0 into 0.
    return f"{max(round(value / _LN10, _DIGITS), _ZERO) + 0.0:.{_DIGITS}f}"


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if line.strip():
                yield number, line.strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: an ARPA file must be text in UTF-8, got {error}") from error


def _header(path: Path, lines: Iterator[tuple[int, str]]) -> tuple[list[int], int, str]:
    counts: list[int] = []
    for number, line in lines:
        found = _COUNT.fullmatch(line)
        if not found and counts:
            return counts, number, line
        if not found or int(found[1]) != len(counts) + 1:
            raise _fault(path, number, f"'ngram {len(counts) + 1}=COUNT'", line)
        counts.append(int(found[2]))
    raise ValueError(f"{path}: the file must go on after its header, but it ends there")


def _section(
    path: Path,
    lines: Iterator[tuple[int, str]],
    order: int,
    log_probs: dict[Gram, float],
    backoffs: dict[Gram, float],
) -> tuple[int, str]:
    """Read n-grams up to the line that starts with a backslash and is no n-gram; return that line."""
    for number, line in lines:
        if line.startswith("\\") and (line == "\\end\\" or line.endswith("-grams:")):
            return number, line
        fields = line.split()
        gram = tuple(fields[1 : order + 1])
        if len(fields) not in (order + 1, order + 2):
            raise _fault(path, number, f"a logarithm, {order} tokens and perhaps a back-off", line)
        if gram in log_probs:
            raise _fault(path, number, "each n-gram once", line)
        try:
            values = [_natural(field) for field in (fields[0], *fields[order + 1 :])]
        except ValueError as error:
            raise _fault(path, number, "finite numbers for its logarithms", line) from error
        if values[0] > 0:
            raise _fault(path, number, "the logarithm of a probability, at most 0", line)
        log_probs[gram] = values[0]
        if len(values) == 2:
            backoffs[gram] = values[1]
    raise ValueError(f"{path}: the file must end with \\end\\, but it breaks off after its {order}-grams")


def _natural(field: str) -> float:
    value = float(field)
    if not math.isfinite(value):
        raise ValueError(field)
    return -math.inf if value <= _ZERO else value * _LN10


def _fault(path: Path, number: int, expected: str, got: str) -> ValueError:
    return ValueError(f"{path}, line {number}: expected {expected}, got {got!r}")
