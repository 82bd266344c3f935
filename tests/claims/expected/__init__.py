"""What each claim was found to be, and numbers that must reverse it; one module a page of the book.

A module has two dictionaries by claim id. ``VERDICTS``: what came of the measured numbers; a change is news,
to be told in the book. ``CONTRARY``: numbers put in place of measured ones, and the verdict that must come
of them.
"""

import pkgutil
from importlib import import_module

_MODULES = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]

VERDICTS: dict[str, str] = {
    identifier: verdict for module in _MODULES for identifier, verdict in module.VERDICTS.items()
}
CONTRARY: dict[str, list[tuple[dict[str, float], str]]] = {
    identifier: rows for module in _MODULES for identifier, rows in module.CONTRARY.items()
}
