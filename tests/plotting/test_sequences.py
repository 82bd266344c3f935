import numpy as np
import pytest
from matplotlib.figure import Figure

from hnrc_lib.plotting import draw_frames, draw_state_path, draw_symbol_posteriors, draw_waveform

HOP = 0.015


def axes():
    return Figure().subplots()


def test_the_waveform_ends_when_the_sound_does():
    line = draw_waveform(axes(), np.linspace(-1, 1, 4000), 8000)
    assert line.get_xdata()[-1] == pytest.approx(3999 / 8000)
    assert line.axes.get_xlim() == (0, 0.5)


@pytest.mark.parametrize("size", [1, 1999, 2001, 3000, 10_007, 160_000])
def test_of_a_long_sound_the_extremes_of_each_stretch_are_drawn(size):
    samples = np.random.default_rng(size).normal(size=size)
    line = draw_waveform(axes(), samples, 8000)
    x, y = (np.asarray(drawn) for drawn in line.get_data())
    places = np.round(x * 8000).astype(int)
    assert len(places) <= 2000
    assert np.all(np.diff(places) >= 0)
    np.testing.assert_array_equal(y, samples[places])
    length = max(1, -(-size // 1000))
    for start in range(0, size, 2 * length):  # whole stretches lie inside: their peaks are there
        inside = y[(places >= start) & (places < start + 2 * length)]
        stretch = samples[start : start + 2 * length]
        assert (inside.min(), inside.max()) == (stretch.min(), stretch.max())


def test_a_frame_is_centred_at_its_time():
    frames = np.arange(12.0).reshape(4, 3)
    image = draw_frames(axes(), frames, HOP)
    left, right, bottom, top = image.get_extent()
    assert (left, right) == pytest.approx((-HOP / 2, 3.5 * HOP))
    assert (bottom, top) == (-0.5, 2.5)
    np.testing.assert_array_equal(image.get_array(), frames.T)  # row 0 at the bottom
    assert image.origin == "lower"


def test_named_rows_are_probabilities_and_nothing_is_drawn_where_they_are_zero():
    ax = axes()
    image = draw_frames(ax, np.eye(2), HOP, names=["blank", "one"])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["blank", "one"]
    assert image.get_clim() == (0, 1)
    assert image.to_rgba(np.zeros((1, 1)))[0, 0, 3] == 0


def test_names_must_fit():
    with pytest.raises(ValueError, match="names must be one for each of 3 rows, got 2"):
        draw_frames(axes(), np.zeros((4, 3)), HOP, names=["a", "b"])


def test_each_state_lasts_for_its_frames():
    line = draw_state_path(axes(), np.array([-1, -1, 0, 2]), HOP)
    np.testing.assert_allclose(line.get_xdata(), (np.arange(5) - 0.5) * HOP)
    np.testing.assert_array_equal(line.get_ydata(), [-1, -1, 0, 2, 2])
    np.testing.assert_array_equal(line.axes.get_yticks(), [-1, 0, 1, 2])
    assert line.get_drawstyle() == "steps-post"


def test_symbols_that_are_never_likely_are_left_out_and_what_was_read_is_written_at_its_frame():
    posteriors = np.array([[0.9, 0.1, 0.0], [0.2, 0.05, 0.75], [1.0, 0.0, 0.0]])
    ax = axes()
    lines = draw_symbol_posteriors(ax, posteriors, ["blank", "one", "two"], HOP, read=[(2, 1)])
    assert [line.get_label() for line in lines] == ["blank", "two"]
    np.testing.assert_array_equal(lines[1].get_ydata(), posteriors[:, 2])
    (word,) = ax.texts
    assert word.get_text() == "two"
    assert word.xy[0] == HOP
    assert word.get_color() == lines[1].get_color()


def test_symbols_must_fit():
    with pytest.raises(ValueError, match="symbols must be one for each of 3 columns, got 2"):
        draw_symbol_posteriors(axes(), np.zeros((4, 3)), ["blank", "one"], HOP)
