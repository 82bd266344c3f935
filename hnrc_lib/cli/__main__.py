"""``python -m hnrc_lib.cli`` runs the ``hnrc`` command."""

from hnrc_lib.cli import main

main()
