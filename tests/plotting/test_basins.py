import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_basins

X, Y = np.array([0.0, 1.0, 2.0]), np.array([5.0, 6.0])
KINDS = np.array([[0, 1], [1, 1], [2, 0]])


def test_each_start_has_the_colour_of_its_kind():
    ax = Figure().subplots()
    patches = draw_basins(ax, X, Y, KINDS, ("a", "b", "c"), colors=("red", "green", "blue"))
    (mesh,) = ax.collections
    colours = mesh.to_rgba(np.asarray(mesh.get_array()))
    wanted = [to_rgba(name) for name in ("red", "green", "blue")]
    for i in range(3):
        for j in range(2):
            np.testing.assert_allclose(colours[j, i], wanted[KINDS[i, j]])
    assert [patch.get_label() for patch in patches] == ["a", "b", "c"]


def test_a_kind_without_a_name_or_a_colour_is_refused():
    ax = Figure().subplots()
    with pytest.raises(ValueError, match="kinds must lie in 0 to 1, got 0 to 2"):
        draw_basins(ax, X, Y, KINDS, ("a", "b"))
    with pytest.raises(ValueError, match="names must be at most 2, one a colour, got 3"):
        draw_basins(ax, X, Y, KINDS, ("a", "b", "c"), colors=("red", "blue"))
