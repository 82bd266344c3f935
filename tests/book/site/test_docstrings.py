"""Docstrings become reStructuredText that says the same: read by Sphinx's own napoleon and by docutils."""

import inspect
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree
from sphinx.ext.napoleon import Config as NapoleonConfig
from sphinx.ext.napoleon.docstring import GoogleDocstring

from hnrc_lib.book.site.docstrings import prepare_docstring, to_rest

DOCSTRING = """Rayleigh quotient |h| of a_ in θ*.

    ρ = vᵀHv / ‖v‖²,
    |ρ| ≤ |h_max|

Signs like ``|x|`` and ``a*``s stay; so do x_i, 2 * 3 and clip_.

Args:
    low, high: ends, for instance: 0 and 1.
    v: the direction.

Attributes:
    low, high: ends.

Returns:
    Shape (n,): the quotient of *v*.

Raises:
    ValueError: v is zero.

>>> 2 * 3  # |not| markup_
6
"""


def parsed(text):
    """The docstring as docutils reads it, with every complaint an error."""
    settings: Any = NapoleonConfig(napoleon_use_ivar=True, napoleon_use_rtype=False)
    rest = str(GoogleDocstring(to_rest(inspect.cleandoc(text).splitlines()), settings, what="function"))
    return rest, publish_doctree(rest, settings_overrides={"halt_level": 2, "report_level": 2})


def test_mathematical_signs_and_names_are_text():
    _, tree = parsed(DOCSTRING)
    first = tree.next_node(nodes.paragraph)
    assert first.astext() == "Rayleigh quotient |h| of a_ in θ*."
    assert not list(tree.findall(nodes.emphasis))
    assert not list(tree.findall(nodes.reference))
    assert [code.astext() for code in tree.findall(nodes.literal)] == ["|x|", "a*"]
    assert "Signs like |x| and a*s stay; so do x_i, 2 * 3 and clip_." in tree.astext()


def test_an_equation_keeps_its_lines_and_signs():
    _, tree = parsed(DOCSTRING)
    blocks = [block.astext() for block in tree.findall(nodes.literal_block)]
    assert blocks == ["ρ = vᵀHv / ‖v‖²,\n|ρ| ≤ |h_max|"]


def test_an_example_is_left_as_it_is():
    _, tree = parsed(DOCSTRING)
    (block,) = tree.findall(nodes.doctest_block)
    assert block.astext() == ">>> 2 * 3  # |not| markup_\n6"


def test_sections_become_fields_without_types_from_colons():
    rest, tree = parsed(DOCSTRING)
    fields = {f[0].astext(): f[1].astext() for f in tree.findall(nodes.field)}
    assert fields["param low"] == fields["param high"] == "ends, for instance: 0 and 1."
    assert fields["ivar low,high"] == "ends."
    assert fields["returns"] == "Shape (n,): the quotient of *v*."
    assert fields["raises ValueError"] == "v is zero."
    assert ":rtype:" not in rest


def test_a_value_with_a_colon_has_no_type():
    lines = ["Sort key: small ones first.", "", "More."]
    prepare_docstring(None, "property", "a.b", None, None, lines)
    assert lines == [": Sort key: small ones first.", "", "More."]
