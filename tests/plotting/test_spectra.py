import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_spectrum

EIGENVALUES = np.array([-0.5, -0.01, 0.0, 1e-17, 1e-4, 0.02, 0.03, 3.0])


def drawn(eigenvalues=EIGENVALUES, **options):
    ax = Figure().subplots()
    draw_spectrum(ax, eigenvalues, **options)
    return ax


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_every_eigenvalue_is_counted_once_with_its_sign():
    ax = drawn()
    assert labels(ax)[:3] == ["2 negative", "4 positive", "2 zero"]
    counted = {patch.get_label(): patch.get_data().values.sum() for patch in ax.patches}
    assert counted == {"2 negative": 2, "4 positive": 4, "2 zero": 2}
    marks = np.concatenate([line.get_xdata() for line in ax.lines])
    np.testing.assert_array_equal(np.sort(marks), np.sort(EIGENVALUES))


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_no_eigenvalue_falls_off_the_axis_whatever_the_scale(scale):
    rng = np.random.default_rng(0)
    values = scale * rng.normal(size=200) * 10 ** rng.uniform(-8, 0, 200)
    ax = drawn(values)
    assert sum(patch.get_data().values.sum() for patch in ax.patches) == 200
    left, right = ax.get_xlim()
    assert left < values.min()
    assert values.max() < right
    assert ax.get_xscale() == "symlog"
    assert np.allclose(ax.get_xticks(), -np.flip(ax.get_xticks()))


@pytest.mark.parametrize(
    ("damping", "label"),
    [(0.1, "λ = 0.1: 1 stay negative"), (0.6, "λ = 0.6: H + λI positive definite"), (0.5, "λ = 0.5: 1 stay")],
)
def test_the_line_stands_where_eigenvalues_change_sign(damping, label):
    ax = drawn(damping=damping)
    line = next(line for line in ax.lines if line.get_label().startswith("λ"))
    assert line.get_label().startswith(label)
    assert list(line.get_xdata()) == [-damping, -damping]
    hatched = next(patch for patch in ax.patches if patch.get_hatch())
    assert hatched.get_extents().width > 0
    assert hatched.get_x() == ax.get_xlim()[0]
    assert hatched.get_x() + hatched.get_width() == pytest.approx(-damping)


def test_only_what_is_there_gets_a_colour():
    assert labels(drawn(np.array([1.0, 2.0]))) == ["2 positive"]


@pytest.mark.parametrize(
    ("eigenvalues", "options", "message"),
    [
        (np.array([1.0, np.nan]), {}, "eigenvalues must be finite"),
        (np.array([]), {}, "eigenvalues must be finite and at least one"),
        (np.zeros(2), {}, "eigenvalues must not all be zero"),
        (np.ones(2), {"damping": -1.0}, "damping must be at least 0, got -1"),
    ],
)
def test_what_has_no_spectrum_is_refused(eigenvalues, options, message):
    with pytest.raises(ValueError, match=message):
        drawn(eigenvalues, **options)
