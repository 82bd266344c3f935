"""All claims, in the order of the source documents."""

import pkgutil
import re
from collections.abc import Iterable
from importlib import import_module

from hnrc_lib.claims.claim import Claim

_GROUP = re.compile(r"s\d_")


def groups(package: str) -> list[tuple[Claim, ...]]:
    """The claims of each module of this package that is named after a source, ``s0_…`` to ``s4_…``.

    Args:
        package: name of the package, whose modules hold their claims in a tuple ``CLAIMS``.
    """
    folder = import_module(package).__path__
    names = sorted(found.name for found in pkgutil.iter_modules(folder) if _GROUP.match(found.name))
    modules = [import_module(f"{package}.{name}") for name in names]
    return [module.CLAIMS for module in modules if hasattr(module, "CLAIMS")]


def ledger(claims: Iterable[Claim]) -> dict[str, Claim]:
    """Claims by id, sorted by document and number.

    Args:
        claims: in any order.

    Raises:
        ValueError: an id occurs twice.
    """
    ordered: dict[str, Claim] = {}
    for claim in sorted(claims, key=lambda claim: claim.order):
        if claim.id in ordered:
            raise ValueError(f"claim ids must be unique, got {claim.id} twice")
        ordered[claim.id] = claim
    return ordered


LEDGER: dict[str, Claim] = ledger(claim for group in groups("hnrc_lib.claims") for claim in group)
