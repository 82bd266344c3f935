"""What stops a chapter from becoming a notebook."""


class NoForm(ValueError):
    """Something has no form in a notebook; who knows the file and line makes a ``TwinError`` of it."""


class TwinError(ValueError):
    """A chapter holds something that has no form in a notebook.

    Args:
        path: the chapter, relative to the book's root.
        line: line number in that file, counted from 1.
        problem: what was expected and what came.

    >>> str(TwinError("index.md", 3, "unknown directive {foo}"))
    'index.md:3: unknown directive {foo}'
    """

    def __init__(self, path: str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path = path
        self.line = line
