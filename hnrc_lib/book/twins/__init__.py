"""Chapters (MyST ``.md``) as clean notebooks for Colab and JupyterLab: ``python -m hnrc_lib.book.twins``.

Importing this package asks for nothing beyond the library itself: a twin's first cell calls ``setup.report``
on a machine that has none of the tools that build the book.
"""
