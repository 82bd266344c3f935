"""Arrays packed by Python and read by the page."""

from typing import Any

import numpy as np
import pytest
import traitlets

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.packed import pack_array, unpack_array
from tests.browser import run_node

ARRAYS = [
    (np.array([[1.5, -2.25, 3e-30], [0.1, 1e30, -0.0]]), "float32"),
    (np.arange(256).reshape(4, 64), "uint8"),
    (np.array([[[-128, 127]]]), "int8"),
    (np.array([-32768, 7, 32767]), "int16"),
    (np.zeros((0, 3)), "float32"),
]
MODULE = (WIDGETS / "shared" / "packed.js").as_uri()


class Holder(traitlets.HasTraits):
    values = traits.Packed("float32", 2)
    label = traits.Text("NO", "[A-Z]{1,3}", "one to three capital letters")


@pytest.mark.parametrize(("array", "dtype"), ARRAYS)
def test_what_is_packed_comes_back(array: np.ndarray, dtype: str) -> None:
    back = unpack_array(pack_array(array, dtype))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array.astype(dtype))


def test_the_page_reads_the_same_and_decodes_once() -> None:
    source = f"""import {{ unpackArray }} from '{MODULE}';
      answer(data.map((one) => {{
        const {{ values, shape }} = unpackArray(one);
        return [[...values], shape, unpackArray(one).values === values];
      }}));"""
    found = run_node(source, [pack_array(array, dtype) for array, dtype in ARRAYS])
    for (array, dtype), (values, shape, once) in zip(ARRAYS, found, strict=True):
        np.testing.assert_array_equal(np.reshape(values, shape), array.astype(dtype))
        assert once


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        ([1.0], "float64", "dtype must be one of float32, uint8, int8, int16, got 'float64'"),
        ([np.nan], "float32", "values must be finite"),
        ([1e39], "float32", "values must lie within the range of float32"),
        ([0.5], "uint8", "values must be integers that uint8 holds, got 0.5 to 0.5"),
        ([0, 300], "uint8", "values must be integers that uint8 holds, got 0 to 300"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_what_does_not_fit_is_refused(values: list[float], dtype: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pack_array(np.array(values), dtype)


@pytest.mark.parametrize("change", [{"dtype": "float64"}, {"extra": 1}, {"data": "?"}, {"shape": [3]}])
def test_a_damaged_object_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|Only base64|cannot reshape|padding|Non-base64"):
        unpack_array(pack_array(np.eye(2)) | change)


def test_a_trait_keeps_arrays_packed_and_takes_them_back() -> None:
    holder = Holder(values=np.eye(2))
    np.testing.assert_array_equal(unpack_array(holder.values), np.eye(2))
    other = Holder(values=holder.values)
    assert other.values == holder.values
    assert unpack_array(Holder().values).shape == (0, 0)


@pytest.mark.parametrize("bad", [np.zeros(3), np.full((1, 1), np.inf), "AAAA", {"data": ""}, None])
def test_a_trait_refuses_what_is_no_such_array(bad: object) -> None:
    with pytest.raises(traitlets.TraitError, match="values must be an array of 2 axes with numbers that"):
        Holder(values=bad)


@pytest.mark.parametrize("bad", ["", "no", "NOON", "N0", 3, None])
def test_a_text_that_does_not_match_is_refused(bad: object) -> None:
    with pytest.raises(traitlets.TraitError, match="label must be one to three capital letters, got"):
        Holder(label=bad)
    assert Holder(label="YES").label == "YES"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"v": 3}, "v must be a packed array of 2 axes, got 0"),
        ({"v": pack_array(np.zeros(2))}, "v must be a packed array of 2 axes, got 1"),
        ({"t": "no"}, 't must be text like ^[A-Z]+$, got "no"'),
    ],
)
def test_a_bad_state_is_refused_by_the_page(change: dict[str, Any], message: str) -> None:
    good = {"v": pack_array(np.eye(2)), "t": "NO"}
    source = f"""import {{ readState }} from '{(WIDGETS / "shared" / "state.js").as_uri()}';
      const schema = {{ v: {{ packed: 2 }}, t: {{ text: /^[A-Z]+$/ }} }};
      const read = (state) => readState((name) => state[name], schema);
      const found = read(data[0]);
      try {{ read(data[1]); answer('read'); }} catch (error) {{ answer([found.v.shape, error.message]); }}"""
    assert run_node(source, [good, good | change]) == [[2, 2], message]
