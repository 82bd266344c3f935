"""Tests of the notebook twins; a package, so that module names may repeat those of other tests."""
