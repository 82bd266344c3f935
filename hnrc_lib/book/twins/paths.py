"""Where the twin of a page lies."""

NOTEBOOKS = "notebooks"


def twin_path(page: str) -> str:
    """Path of a page's twin, below the book's root.

    Args:
        page: the page's name as in ``_toc.yml``, without ending.

    >>> twin_path("chapters/hessian/damping")
    'notebooks/hessian/damping.ipynb'
    >>> twin_path("index")
    'notebooks/index.ipynb'
    """
    return f"{NOTEBOOKS}/{page.removeprefix('chapters/')}.ipynb"
