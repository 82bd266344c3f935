"""What a chapter needs to show things: figures in two themes and sounds, each with its words.

The machinery that turns chapters into the site (``build``, ``serve``, ``extension``, ``site``) and into
Colab notebooks (``twins``) lies beside; it needs Sphinx, what is imported here does not.
"""

from hnrc_lib.book.figures import figure
from hnrc_lib.book.sounds import listen

__all__ = ["figure", "listen"]
