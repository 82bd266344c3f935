"""Curvature in speech recognition: the library behind the book *Taming Curvature*.

Sub-packages are imported one by one, so that ``hnrc_lib.curvature`` needs no audio library
and ``hnrc_lib.audio`` no widget.
"""

from importlib.metadata import version

__version__ = version("hnrc-lib")
