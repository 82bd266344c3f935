"""``{exercise-start}`` … ``{exercise-end}`` and their like: what lies between belongs to one block."""

from collections.abc import Iterator
from dataclasses import replace

from hnrc_lib.book.twins.blocks import Block, Directive
from hnrc_lib.book.twins.errors import TwinError

_GATED = ("exercise", "solution")


def close_gates(blocks: tuple[Block, ...], path: str) -> tuple[Block, ...]:
    """Turn each gated pair into one directive that holds the blocks between.

    Args:
        blocks: a chapter's top level.
        path: the chapter, for messages.

    Raises:
        TwinError: a start without its end, or an end without its start.
    """
    waiting = iter(blocks)
    closed = []
    for block in waiting:
        if _is_gate(block, "end"):
            raise TwinError(path, block.line, f"{_name(block)} must follow its start, got no start before it")
        closed.append(_gather(block, waiting, path) if _is_gate(block, "start") else block)
    return tuple(closed)


def _gather(start: Block, waiting: Iterator[Block], path: str) -> Directive:
    assert isinstance(start, Directive)
    name = start.name.removesuffix("-start")
    inside = list(start.children)
    for block in waiting:
        if isinstance(block, Directive) and block.name == f"{name}-end":
            return replace(start, name=name, children=tuple(inside))
        if _is_gate(block, "start") or _is_gate(block, "end"):
            problem = f"{name}-start of line {start.line} must end with {name}-end, got {_name(block)}"
            raise TwinError(path, block.line, problem)
        inside.append(block)
    raise TwinError(path, start.line, f"{name}-start must end with {name}-end, got the end of the page")


def _is_gate(block: Block, edge: str) -> bool:
    return isinstance(block, Directive) and block.name in {f"{name}-{edge}" for name in _GATED}


def _name(block: Block) -> str:
    assert isinstance(block, Directive)
    return block.name
