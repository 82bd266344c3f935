"""Words of overlapping chunks, joined so that none is doubled or lost where they meet."""

from collections.abc import Sequence

from hnrc_lib.recognition.transcript import Word

_SAME_SECONDS = 0.2  # two hearings of one word lie closer than two words that sound alike


def join_at_seam(before: Sequence[Word], after: Sequence[Word], seam: float) -> tuple[list[Word], list[Word]]:
    """The words of two chunks that overlap, parted at an instant within the overlap.

    A word belongs to the side on which its middle lies. Where both chunks hear one word at the seam, and
    each on its own side of it or each on the other's, it is kept once.

    Args:
        before, after: words of the earlier and of the later chunk, in order, times of the recording.
        seam: the instant, in seconds.

    Returns:
        Words of the earlier chunk and those of the later one that stay.

    >>> heard = Word("GO", 1.90, 2.06, 0.9), Word("GO", 1.95, 2.09, 0.8)  # one word, heard by both chunks
    >>> left, right = join_at_seam(heard[:1], heard[1:], 2.0)
    >>> len(left), len(right)
    (1, 0)
    """
    left = [word for word in before if word.middle < seam]
    right = [word for word in after if word.middle >= seam]
    if left and right and _same(left[-1], right[0]):
        right = right[1:]
    missed = [word for word in before if word.middle >= seam][:1]
    unheard = [word for word in after if word.middle < seam][-1:]
    if missed and unheard and _same(missed[0], unheard[0]):
        left = [*left, missed[0]]
    return left, right


def _same(one: Word, other: Word) -> bool:
    return one.text == other.text and abs(one.middle - other.middle) < _SAME_SECONDS
