import math

import numpy as np
import pytest
import traitlets

from hnrc_lib.widgets import traits


class Holder(traitlets.HasTraits):
    damping = traits.Number(1.0, 0.0, 10.0)
    steps = traits.Count(3, 1, 200)
    method = traits.Choice("newton", ("newton", "descent"))
    start = traits.Point((0.0, 1.0), ((-2, 2), (-1, 3)))


@pytest.mark.parametrize("bad", [-1, 10.5, math.nan, math.inf, "0.3", None, True, [1], 1j])
def test_number_refuses(bad: object) -> None:
    with pytest.raises(traitlets.TraitError, match=r"damping must be a finite number in \[0, 10\], got"):
        Holder(damping=bad)


@pytest.mark.parametrize("bad", [0, 201, 1.5, math.nan, "3", True, None])
def test_count_refuses(bad: object) -> None:
    with pytest.raises(traitlets.TraitError, match=r"steps must be an integer in \[1, 200\], got"):
        Holder(steps=bad)


@pytest.mark.parametrize("bad", ["Newton", "", None, 3])
def test_choice_refuses(bad: object) -> None:
    with pytest.raises(traitlets.TraitError, match="method must be one of newton, descent, got"):
        Holder(method=bad)


@pytest.mark.parametrize("bad", [[0], [0, 1, 2], [0, 4], [math.nan, 0], "01", 3, None, [None, 0]])
def test_point_refuses(bad: object) -> None:
    with pytest.raises(
        traitlets.TraitError, match=r"start must be 2 finite numbers in \[-2, 2\] × \[-1, 3\]"
    ):
        Holder(start=bad)


def test_a_refused_value_changes_nothing() -> None:
    holder = Holder()
    with pytest.raises(traitlets.TraitError):
        holder.damping = -1
    assert holder.damping == 1.0


def test_numpy_values_become_plain_numbers() -> None:
    holder = Holder(damping=np.float32(0.5), steps=np.int64(7), start=np.array([0.25, 1.5]))
    assert (type(holder.damping), type(holder.steps), type(holder.start)) == (float, int, list)
    assert (holder.damping, holder.steps, holder.start) == (0.5, 7, [0.25, 1.5])
    assert all(type(x) is float for x in holder.start)


def test_defaults_are_not_shared() -> None:
    first, second = Holder(), Holder()
    first.start.append(9.0)
    assert second.start == [0.0, 1.0]


def test_all_are_synchronised() -> None:
    assert set(Holder.class_trait_names(sync=True)) == {"damping", "steps", "method", "start"}
