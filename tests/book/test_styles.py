"""Colours of figures can be seen on their page, and told apart by every reader."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from hnrc_lib.book.styles import DARK, LIGHT, rc_params

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    weights = np.array([0.2126, 0.7152, 0.0722])
    lighter, darker = sorted((weights @ linear(one), weights @ linear(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lab(linear_rgb):
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(linear_rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_lines_and_letters_stand_out_from_the_page(theme):
    assert contrast(theme.ink, theme.page) >= 7
    assert min(contrast(colour, theme.page) for colour in theme.cycle) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_no_two_lines_look_alike(theme, deficiency):
    seen = [lab(DEFICIENCIES[deficiency] @ linear(colour)) for colour in theme.cycle]
    nearest = min(np.linalg.norm(one - other) for one, other in combinations(seen, 2))
    assert nearest >= 20  # CIE 1976; 2.3 is just noticeable


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_matplotlib_knows_every_setting(theme):
    with mpl.rc_context(rc_params(theme)):
        assert mpl.rcParams["text.color"] == theme.ink
        assert mpl.rcParams["figure.facecolor"] == "none"
    with mpl.rc_context(rc_params(theme, transparent=False)):
        assert mpl.rcParams["axes.facecolor"] == theme.page
