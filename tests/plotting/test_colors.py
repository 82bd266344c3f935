import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb

from hnrc_lib.plotting.colors import diverging_colormap, sequential_colormap


def test_the_ends_are_the_callers_colours_and_zero_lets_the_page_through():
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["#112233", "#aabbcc"])}):
        colormap = diverging_colormap()
        assert colormap(0.0)[:3] == pytest.approx(to_rgb("#112233"))
        assert colormap(1.0)[:3] == pytest.approx(to_rgb("#aabbcc"))
        assert sequential_colormap()(1.0)[:3] == pytest.approx(to_rgb("#112233"))
    assert colormap(0.5)[3] == pytest.approx(0.0)
    opacities = [colormap(level)[3] for level in range(41)]
    assert opacities == pytest.approx(opacities[::-1])
    assert opacities[20:] == sorted(opacities[20:])


def test_an_even_number_of_shades_would_tint_zero():
    with pytest.raises(ValueError, match="levels must be odd, got 40"):
        diverging_colormap(levels=40)
