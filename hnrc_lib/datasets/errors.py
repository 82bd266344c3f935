"""The exception of what brings a corpus onto this machine."""


class FetchError(RuntimeError):
    """A corpus that could not be fetched or is not the published one; the message says what and why.

    >>> raise FetchError("an4.tar.gz: member '../x' leaves the folder")
    Traceback (most recent call last):
        ...
    hnrc_lib.datasets.errors.FetchError: an4.tar.gz: member '../x' leaves the folder
    """
