"""Citations as (Author, year), and the list of what a page cites."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pybtex.backends.markdown import Backend
from pybtex.database import Entry, Person, parse_file
from pybtex.richtext import Text
from pybtex.style.formatting.unsrt import Style

_SPECIAL = re.compile(r"([\\`*_\[\]<>$])")


class _Markdown(Backend):
    """pybtex's Markdown, with only those characters escaped that would mean something here."""

    def format_str(self, text: str) -> str:
        return _SPECIAL.sub(r"\\\1", text)


@dataclass(frozen=True)
class _Work:
    entry: Entry
    fields: Mapping[str, str]
    people: tuple[Person, ...]


class Bibliography:
    """What can be cited; the files are read when the first citation asks.

    Args:
        files: BibTeX files.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)

    @cached_property
    def _works(self) -> dict[str, _Work]:
        works: dict[str, _Work] = {}
        for file in self._files:
            if not file.is_file():
                raise FileNotFoundError(f"bibtex_bibfiles must exist, got {file.name}")
            works |= {key: _work(entry) for key, entry in _entries(file)}
        return works

    def __contains__(self, key: str) -> bool:
        return key in self._works

    def __iter__(self) -> Iterator[str]:
        return iter(self._works)

    def authors(self, key: str) -> str:
        """``Nocedal and Wright``; ``Li et al.`` from three authors on.

        Raises:
            KeyError: nothing has this key.
        """
        work = self._works[key]
        names = [_family_name(person) for person in work.people]
        if not names:
            return _plain(work.fields.get("organization") or work.fields.get("title") or key)
        if len(names) > 2 or names[-1] == "others":
            return f"{names[0]} et al."
        return " and ".join(names)

    def year(self, key: str) -> str:
        """The year, with a letter where two works would otherwise look alike."""
        return f"{self._works[key].fields.get('year', 'n.d.')}{self._letters.get(key, '')}"

    def parenthetical(self, keys: Iterable[str]) -> str:
        """``(Pearlmutter, 1994; Nocedal and Wright, 2006)``."""
        return f"({'; '.join(f'{self.authors(key)}, {self.year(key)}' for key in keys)})"

    def textual(self, keys: Iterable[str]) -> str:
        """``Pearlmutter (1994)``."""
        return ", ".join(f"{self.authors(key)} ({self.year(key)})" for key in keys)

    def references(self, keys: Iterable[str]) -> str:
        """A Markdown list of the works, by author and year."""
        ordered = sorted(set(keys), key=lambda key: (self.authors(key).lower(), self.year(key), key))
        style = Style(name_style="lastfirst")
        lines = []
        for key in ordered:
            (formatted,) = style.format_entries([self._works[key].entry])
            text = " ".join(formatted.text.render(_Markdown()).split())
            letter = f" [{self.year(key)}]" if key in self._letters else ""
            lines.append(f"- {text}{letter}")
        return "\n".join(lines)

    @cached_property
    def _letters(self) -> dict[str, str]:
        """What tells works apart that have the same authors and year."""
        alike: dict[tuple[str, str], list[str]] = {}
        for key, work in self._works.items():
            alike.setdefault((self.authors(key), work.fields.get("year", "n.d.")), []).append(key)
        groups = (sorted(keys) for keys in alike.values() if len(keys) > 1)
        return {key: chr(ord("a") + i) for keys in groups for i, key in enumerate(keys)}


def _entries(file: Path) -> list[tuple[str, Entry]]:
    return list(parse_file(str(file), bib_format="bibtex").entries.items())


def _work(entry: Entry) -> _Work:
    # pybtex declares both as None and always fills them.
    assert entry.fields is not None
    assert entry.persons is not None
    people = entry.persons.get("author") or entry.persons.get("editor") or ()
    return _Work(entry, entry.fields, tuple(people))


def _family_name(person: Person) -> str:
    parts = [*person.get_part("prelast"), *person.get_part("last")] or person.get_part("first")
    return _plain(" ".join(parts))


def _plain(latex: str) -> str:
    return str(Text.from_latex(latex))
