"""The page's mathematics against NumPy, in Node and in Chromium, to 1e-10 relative, and the widget's own."""

import functools
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import traitlets

from hnrc_lib.experiments.record import Record, load_record
from hnrc_lib.widgets import SweepExplorer
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.packed import unpack_array
from hnrc_lib.widgets.sweep import reference
from tests.widgets.compare import in_chromium, in_node

NUM_CASES = 60
COMPUTE = """
const compute = (cases) => cases.map((one) => {
  const rows = one.rows.map((row) => row.map((value) => value ?? NaN));
  const heard = one.heard;
  return {
    summary: sweep.summarise(rows),
    shades: one.values.map((value) => sweep.shade(value, one.measure, one.domain)),
    misread: sweep.misread(heard, one.digits).map(({ clip, read }) => [clip, read]),
    mean: sweep.meanMisread(heard, one.digits),
    sound: [...sweep.fromMuLaw(one.codes)],
    cells: one.cells.map((cell) => {
      const { x, y, wide, tall } = sweep.cellBox(cell, one.shape, one.box);
      return sweep.cellAt([x + one.within[0] * wide, y + one.within[1] * tall], one.shape, one.box);
    }),
    outside: sweep.cellAt([-50, 9999], one.shape, one.box),
  };
});
"""


@functools.cache
def cases() -> tuple[dict[str, Any], ...]:
    """Random runs, some diverged, among them all; random readings and codes."""
    rng, found = np.random.default_rng(8), []
    for index in range(NUM_CASES):
        seeds, marks, clips = rng.integers(1, 5), rng.integers(1, 20), rng.integers(1, 30)
        rows = 10 ** rng.uniform(-8, 3, (seeds, marks))
        heard, digits = rng.integers(0, 10, (seeds, clips)), rng.integers(0, 10, clips)
        for seed in range(seeds):
            if index % 3 == 0 and (seed or index % 2):
                rows[seed, rng.integers(marks) :], heard[seed] = np.nan, -1
        shape = rng.integers(1, 6, 2)
        found.append(
            {
                "rows": [[None if np.isnan(x) else x for x in row] for row in rows.tolist()],
                "heard": heard.tolist(),
                "digits": digits.tolist(),
                "values": (10 ** rng.uniform(-8, 1, 6)).tolist(),
                "domain": [0.0, 2.0] if index % 5 else [0.5, 0.5],
                "measure": reference.MEASURES[index % 2],
                "codes": rng.integers(1, 256, 40).tolist(),
                "shape": shape.tolist(),
                "box": {"width": 360 + 7 * index, "height": 300},
                "cells": [[int(rng.integers(side)) for side in shape] for _ in range(4)],
                "within": rng.uniform(0.05, 0.95, 2).tolist(),
            }
        )
    return tuple(found)


def check(case: dict[str, Any], got: dict[str, Any]) -> None:
    rows = np.array(case["rows"], dtype=float)
    heard, digits = np.array(case["heard"]), np.array(case["digits"])
    for name, expected in vars(reference.summarise(rows)).items():
        np.testing.assert_allclose(np.array(got["summary"][name], dtype=float), expected, rtol=1e-10)
    shades = [reference.shade(value, case["measure"], tuple(case["domain"])) for value in case["values"]]
    np.testing.assert_allclose(got["shades"], shades, rtol=1e-10, atol=1e-14)
    assert got["misread"] == [[clip, read] for clip, read in reference.misread(heard, digits)]
    mean = reference.mean_misread(heard, digits)
    np.testing.assert_allclose(np.array(got["mean"], dtype=float), mean, rtol=1e-10)
    np.testing.assert_allclose(got["sound"], reference.from_mu_law(np.array(case["codes"])), rtol=1e-10)
    assert got["cells"] == case["cells"]
    assert got["outside"] == [case["shape"][0] - 1, 0]


def test_node_equals_numpy() -> None:
    for case, got in zip(cases(), in_node("sweep", ("sweep",), COMPUTE, cases()), strict=True):
        check(case, got)


@pytest.mark.page
def test_chromium_equals_numpy(chromium: Any) -> None:
    answers = in_chromium(chromium, "sweep", ("sweep",), COMPUTE, cases())
    for case, got in zip(cases(), answers, strict=True):
        check(case, got)


@functools.cache
def broken() -> Record:
    """The shipped record at one decay, one run of the first combination diverged and all of the last."""
    record = load_record("sweep")
    arrays = {name: values.copy() for name, values in record.arrays.items()}
    for name in ("train_loss", "test_error", "grad_norm"):
        arrays[name] = arrays[name][:, :1].copy()
        arrays[name][0, 0, 0, 1, 3:] = np.nan
        arrays[name][-1, 0, -1, :, 1:] = np.nan
    arrays["heard"], arrays["clipped"] = arrays["heard"][:, :1].copy(), arrays["clipped"][:, :1]
    arrays["heard"][0, 0, 0, 1] = arrays["heard"][-1, 0, -1] = -1
    arrays["decay"] = arrays["decay"][:1]
    return replace(record, arrays=arrays, provenance=replace(record.provenance, scale="reduced"))


@pytest.mark.parametrize("given", [None, "broken"])
def test_scenes_are_what_python_finds(given: str | None) -> None:
    record = load_record("sweep") if given is None else broken()
    explorer = SweepExplorer(record)
    shared = (WIDGETS / "shared" / "state.js").as_uri()
    source = (
        f"const {{ readState }} = await import('{shared}');"
        + """
      const compute = (data) => {
        const state = readState((name) => data[name], presets.SCHEMA);
        const { sweep, neighbours } = scene.createSurveyor()(state);
        return { cells: sweep.cells, axes: sweep.axes.map((axis) => axis.map(String)),
                 near: neighbours.map(({ at }) => at), best: presets.best({ sweep, state }),
                 sizes: sweep.sounds.map((sound) => sound.length) };
      };"""
    )
    found = in_node("sweep", ("scene", "presets"), source, explorer.state())
    assert found["axes"][0][0] == "Infinity"
    assert found["sizes"] == unpack_array(explorer.lengths).tolist()
    assert found["near"] == [[1, 0, 0], [0, 0, 1]]
    for cell in found["cells"]:
        explorer.damping, explorer.decay, explorer.clip = (place + 1 for place in cell["at"])
        for ours, theirs in (("train_loss", "loss"), ("test_error", "error"), ("grad_norm", "norm")):
            for name, expected in vars(explorer.summary(ours)).items():
                got = np.array(cell[theirs][name], dtype=float)
                np.testing.assert_allclose(got, expected, rtol=1e-10)
        heard, digits = explorer.heard_by_seed(), unpack_array(explorer.digits)
        assert [[one["clip"], one["read"]] for one in cell["errors"]] == [
            [clip, read] for clip, read in reference.misread(heard, digits)
        ]
        losses = record.arrays["train_loss"][explorer.places()][:, -1]
        assert cell["diverged"] == np.isnan(losses).sum()
    finals = np.where(np.isnan(record.arrays["train_loss"][..., -1]).any(-1), np.inf, explorer.finals())
    least = np.unravel_index(finals.argmin(), finals.shape)
    assert list(found["best"].values()) == [int(place) + 1 for place in least]


def test_eight_bits_keep_a_sound() -> None:
    loud = np.linspace(-1, 1, 999)
    back = reference.from_mu_law(reference.to_mu_law(loud))
    assert (np.abs(back - loud) <= 0.023 * np.abs(loud) + 1e-4).all()
    with pytest.raises(ValueError, match=r"samples must lie within ±1, got 1\.5"):
        reference.to_mu_law(np.array([1.5]))


def test_it_tells_its_state_and_what_diverged() -> None:
    explorer = SweepExplorer()
    assert explorer.alt().startswith(
        "A matrix of trainings, dampings by clippings. Chosen: no damping (λ = ∞), decay 0, no clipping. "
        "Over 3 seeds the training loss ends at 0.259 "
    )
    assert "clips misread on average: 11." in explorer.alt()
    other = SweepExplorer(broken(), damping=16, clip=16)
    assert "ends at undefined" in other.alt()
    assert "diverged: 3" in other.alt()
    assert other.caption.endswith("reduced run")
    assert len(other.picture()) > 5_000


def test_pictures_differ_by_state_and_the_page_stays_small() -> None:
    explorer = SweepExplorer()
    light = explorer.picture()
    assert len(light) < 60_000
    explorer.measure = "error"
    assert explorer.picture() != light
    assert len(json.dumps(explorer.state())) < 300_000


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("damping", 17, r"damping must be an integer in \[1, 16\], got 17"),
        ("measure", "speed", "measure must be one of loss, error, got 'speed'"),
        ("pinned", [1, 2], "pinned must be 3 finite numbers"),
        ("heard", [1.0], "heard must be an array of 5 axes"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(SweepExplorer(), name, value)
