"""Pictures are the same every time, light in weight, and never a flood of shapes."""

import gzip
import io

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from PIL import Image

from hnrc_lib.book.rendering import (
    MANY_SHAPES,
    PAGE_PIXELS_PER_INCH,
    SVG_BUDGET,
    num_shapes,
    render,
    render_png,
    render_svg,
    render_webp,
)
from hnrc_lib.book.styles import DARK, LIGHT

SIZE = (4.0, 2.0)


def draw_lines(fig):
    axes = fig.add_subplot()
    axes.plot([0, 1, 4, 9], label="squares")
    axes.legend()


def draw_mesh(fig):
    axes = fig.add_subplot()
    axes.pcolormesh(np.add.outer(np.arange(80.0), np.arange(90.0)))


def draw_noise(fig):
    axes = fig.add_subplot()
    axes.imshow(np.random.default_rng(0).random((400, 400)))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("draw", [draw_lines, draw_mesh])
def test_same_bytes_every_time(draw, theme):
    assert render_svg(draw, SIZE, theme) == render_svg(draw, SIZE, theme)
    assert render_png(draw, SIZE, theme) == render_png(draw, SIZE, theme)
    assert render_webp(draw, SIZE, theme) == render_webp(draw, SIZE, theme)


def test_themes_differ_and_show_the_page():
    light, dark = render_svg(draw_lines, SIZE, LIGHT), render_svg(draw_lines, SIZE, DARK)
    assert LIGHT.ink.encode() in light.content
    assert DARK.ink.encode() in dark.content
    assert LIGHT.ink.encode() not in dark.content
    with Image.open(io.BytesIO(render_png(draw_lines, SIZE, DARK).content)) as image:
        assert image.size == (2 * PAGE_PIXELS_PER_INCH * 4, 2 * PAGE_PIXELS_PER_INCH * 2)
        assert np.asarray(image.convert("RGBA"))[0, 0, 3] == 0
    with Image.open(io.BytesIO(render_png(draw_lines, SIZE, LIGHT, transparent=False).content)) as image:
        assert tuple(np.asarray(image.convert("RGBA"))[0, 0]) == (255, 255, 255, 255)


def test_no_date_and_no_program_in_the_file():
    content = render_svg(draw_lines, SIZE, LIGHT).content
    assert b"dc:date" not in content
    assert b"Matplotlib v" not in content


def test_few_shapes_stay_vector_and_many_become_pixels_inside_it():
    assert render(draw_lines, SIZE, LIGHT).mime_type == "image/svg+xml"
    vector = render_svg(draw_mesh, SIZE, LIGHT).content
    assert MANY_SHAPES < 80 * 90
    assert b"data:image/png;base64" in vector
    assert vector.count(b"<path") < 500


def test_heavy_pictures_take_the_lighter_format():
    chosen = render(draw_noise, SIZE, LIGHT)
    vector, pixels = render_svg(draw_noise, SIZE, LIGHT), render_webp(draw_noise, SIZE, LIGHT)
    weights = {"image/svg+xml": len(gzip.compress(vector.content)), "image/webp": len(pixels.content)}
    assert weights["image/svg+xml"] > SVG_BUDGET
    assert weights[chosen.mime_type] == min(weights.values())


def test_pixels_stay_true_to_the_drawing():
    def gradient(fig):
        fig.add_axes((0, 0, 1, 1)).imshow(np.linspace(0, 1, 300)[None], aspect="auto")

    pictures = [render_png(gradient, SIZE, LIGHT), render_webp(gradient, SIZE, LIGHT)]
    pixels = []
    for picture in pictures:
        with Image.open(io.BytesIO(picture.content)) as image:
            pixels.append(np.asarray(image.convert("RGB"), dtype=float)[50, 100:-100])
    assert np.abs(pixels[0] - pixels[1]).max() <= 8
    assert len(np.unique(pixels[1], axis=0)) > 150  # a palette would make steps of it


def test_empty_drawings_are_refused():
    with pytest.raises(ValueError, match="draw must draw on the figure it is given"):
        render(lambda fig: None, SIZE, LIGHT)


def test_shapes_are_counted():
    assert num_shapes(Line2D(np.arange(7), np.arange(7))) == 7
    assert num_shapes(LineCollection([[(0, 0), (1, 1), (2, 0)]] * 4)) == 12


def test_settings_outside_are_left_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    render(draw_lines, SIZE, DARK)
    assert dict(mpl.rcParams) == before
