"""What a cell prints, whole, in whatever pieces the kernel sent it."""

from collections.abc import Callable

from myst_nb.core import render
from nbformat import NotebookNode

Merge = Callable[[list[NotebookNode]], list[NotebookNode]]


def join_pieces(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """One output for each stream, where its first piece stands, its text that of all pieces.

    The kernel sends what has been printed every fifth of a second, in the middle of a line if need be.

    >>> from nbformat.v4 import new_output
    >>> pieces = [new_output("stream", name="stdout", text=text) for text in ("damping", " -0.026\\n")]
    >>> [output.text for output in join_pieces(pieces)]
    ['damping -0.026\\n']
    """
    joined: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output["output_type"] != "stream":
            joined.append(output)
        elif output["name"] in streams:
            streams[output["name"]]["text"] += output["text"]
        else:
            streams[output["name"]] = NotebookNode(output)
            joined.append(streams[output["name"]])
    return joined


def keep_lines_whole(merge: Merge = render.coalesce_streams) -> None:
    """Join the pieces before MyST-NB merges a cell's streams, which ends every piece with a new line."""
    render.coalesce_streams = lambda outputs: merge(join_pieces(outputs))
