"""The one exception of this package that speaks about files."""


class AudioError(ValueError):
    """A file or stream that cannot be used as speech; the message names it and says why.

    >>> raise AudioError("cannot load audio from 'a.wav': it is empty (0 bytes)")
    Traceback (most recent call last):
        ...
    hnrc_lib.audio.errors.AudioError: cannot load audio from 'a.wav': it is empty (0 bytes)
    """
