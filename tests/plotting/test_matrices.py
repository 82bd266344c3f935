import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_confusion_matrix, draw_hessian
from hnrc_lib.plotting.matrices import _largest_of_neighbours

BLOCKS = {"weight": 4, "bias": 2}


def symmetric(size, seed=0):
    matrix = np.random.default_rng(seed).normal(size=(size, size))
    return matrix + matrix.T


def test_the_image_holds_the_matrix_on_a_scale_centred_on_zero():
    matrix, ax = symmetric(6), Figure().subplots()
    image = draw_hessian(ax, matrix, BLOCKS)
    np.testing.assert_array_equal(image.get_array(), matrix)
    largest = np.abs(matrix).max()
    assert (image.norm.vmin, image.norm.vmax) == (-largest, largest)
    assert image.norm(0.0) == pytest.approx(0.5)
    assert image.norm(-0.3) == pytest.approx(1 - image.norm(0.3))
    assert tuple(image.get_extent()) == (0, 6, 6, 0)


def test_blocks_are_bordered_and_named_and_thin_ones_left_unnamed():
    ax = Figure().subplots()
    draw_hessian(ax, symmetric(40), {"weight": 30, "bias": 1, "output": 9})
    borders = sorted(
        {line.get_ydata()[0] for line in ax.lines if line.get_ydata()[0] == line.get_ydata()[-1]}
    )
    assert borders == [30, 31]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["weight\n30 entries", "output\n9 entries"]
    assert list(ax.get_yticks()) == [15.0, 35.5]
    assert ax.get_xlabel() == "40 parameters"


@pytest.mark.parametrize("size", [(7, 5), (7, 4.5), (7, 3.5), (6, 4), (5, 4)])
def test_names_and_colour_bar_stay_on_the_page(size):
    figure = Figure(figsize=size, layout="constrained", dpi=100)
    ax = figure.subplots()
    draw_hessian(ax, symmetric(826), {"dense.0.weight": 640, "dense.0.bias": 16, "dense.1.weight": 170})
    figure.draw_without_rendering()
    left, bottom, right, top = ax.get_tightbbox().extents
    assert min(left, bottom) >= 0
    assert right <= 100 * size[0]
    assert top <= 100 * size[1]


@given(size=st.integers(1, 30), width=st.integers(1, 7))
@settings(deadline=None)
def test_pooling_keeps_the_largest_entry_of_every_square_with_its_sign(size, width):
    matrix = symmetric(size, seed=size)
    pooled = _largest_of_neighbours(matrix, width)
    for i in range(len(pooled)):
        for j in range(len(pooled)):
            square = matrix[i * width : (i + 1) * width, j * width : (j + 1) * width].ravel()
            assert pooled[i, j] == square[np.abs(square).argmax()]


def test_a_large_matrix_is_shown_by_at_most_max_cells_rows():
    image = draw_hessian(Figure().subplots(), symmetric(50), {"all": 50}, max_cells=12)
    assert image.get_array().shape == (10, 10)
    assert tuple(image.get_extent()) == (0, 50, 50, 0)


def test_half_precision_is_drawn_as_well():
    image = draw_hessian(Figure().subplots(), symmetric(6).astype(np.float16), BLOCKS)
    assert image.get_array().dtype == np.float64


@pytest.mark.parametrize(
    ("matrix", "blocks", "message"),
    [
        (np.ones((3, 3)), {"w": 2}, r"blocks must add up to 3 entries, got \{'w': 2\}"),
        (np.full((2, 2), np.nan), {"w": 2}, "matrix must be finite"),
        (np.zeros((2, 2)), {"w": 2}, "an entry that is not zero"),
    ],
)
def test_a_matrix_that_cannot_be_shown_is_refused(matrix, blocks, message):
    with pytest.raises(ValueError, match=message):
        draw_hessian(Figure().subplots(), matrix, blocks)


def test_confusions_are_shares_of_what_was_said():
    counts, ax = np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]]), Figure().subplots()
    image = draw_confusion_matrix(ax, counts, ["a", "b", "c"])
    shares = np.ma.filled(image.get_array(), np.nan)
    np.testing.assert_allclose(shares, [[0.8, 0.2, 0], [0, 0.5, 0.5], [np.nan] * 3])
    written = {(text.get_position(), text.get_text()) for text in ax.texts}
    assert written == {((0, 0), "8"), ((1, 0), "2"), ((1, 1), "5"), ((2, 1), "5")}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("recognised", "said")


@pytest.mark.parametrize(("full", "ink"), [("#003366", "white"), ("#ffee88", "black")])
def test_numbers_are_readable_on_pale_and_full_cells(full, ink):
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=[full]), "text.color": "#123456"}):
        ax = Figure().subplots()
        draw_confusion_matrix(ax, np.array([[9, 1], [0, 3]]), ["a", "b"])
        colors = {text.get_text(): text.get_color() for text in ax.texts}
    assert colors == {"9": ink, "1": "#123456", "3": ink}


def test_confusions_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="labels must name 2 classes, got 1"):
        draw_confusion_matrix(Figure().subplots(), np.eye(2, dtype=int), ["a"])
    with pytest.raises(ValueError, match="counts must be at least 0, got -1"):
        draw_confusion_matrix(Figure().subplots(), -np.eye(2, dtype=int), ["a", "b"])
