"""Symbols and their indices: what a network's last layer writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Vocabulary:
    """The symbols a recogniser writes; index 0 is CTC's blank, symbol i has index i + 1.

    Symbols of one character each spell texts letter by letter, the space among them; longer symbols are
    whole words, and a text is then words between spaces. White space counts as single spaces between words.

    Args:
        symbols: the symbols, each once, none empty; a word holds no white space.

    Raises:
        ValueError: an empty symbol, one given twice, or white space in a word.

    >>> letters = Vocabulary.of_characters(["GO", "NO GO"])
    >>> letters.symbols, len(letters)
    ((' ', 'G', 'N', 'O'), 5)
    >>> letters.encode("NO  GO"), letters.decode([2, 4])
    ([3, 4, 1, 2, 4], 'GO')
    >>> Vocabulary(("yes", "no")).decode([2, 1, 1])
    'no yes yes'
    """

    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        if not all(self.symbols):
            raise ValueError(f"symbols must not be empty, got {self.symbols}")
        twice = sorted({symbol for symbol in self.symbols if self.symbols.count(symbol) > 1})
        if twice:
            raise ValueError(f"symbols must be given once each, got more of {twice}")
        split = [symbol for symbol in self.symbols if symbol != " " and symbol.split() != [symbol]]
        if split:
            raise ValueError(f"symbols must hold no white space but the single space, got {split}")
        if " " in self.symbols and not self.spells:
            raise ValueError("symbols that are words must leave out the space, got ' ' among them")

    @classmethod
    def of_characters(cls, texts: Iterable[str]) -> "Vocabulary":
        """The characters of some texts in sorted order, with the space."""
        characters = {character for text in texts for character in "".join(text.split())}
        return cls(tuple(sorted(characters | {" "})))

    @cached_property
    def spells(self) -> bool:
        """Whether the symbols are characters (texts are spelt), not words."""
        return all(len(symbol) == 1 for symbol in self.symbols)

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {symbol: index for index, symbol in enumerate(self.symbols, start=1)}

    def __len__(self) -> int:
        """Number of indices, the blank included."""
        return len(self.symbols) + 1

    def encode(self, text: str) -> list[int]:
        """Indices of the symbols of a text.

        Raises:
            ValueError: naming the symbols that the vocabulary lacks.
        """
        words = text.split()
        parts = list(" ".join(words)) if self.spells else words
        unknown = sorted({part for part in parts if part not in self._indices})
        if unknown:
            raise ValueError(f"text must hold symbols of the vocabulary only, got {unknown} in {text!r}")
        return [self._indices[part] for part in parts]

    def decode(self, indices: Iterable[int]) -> str:
        """Text of some indices, single spaces between its words.

        Raises:
            ValueError: an index that is the blank or no symbol's.
        """
        given = [int(index) for index in indices]
        outside = sorted({index for index in given if not 1 <= index <= len(self.symbols)})
        if outside:
            raise ValueError(f"indices must lie in 1 … {len(self.symbols)}, got {outside}")
        joined = ("" if self.spells else " ").join(self.symbols[index - 1] for index in given)
        return " ".join(joined.split())
