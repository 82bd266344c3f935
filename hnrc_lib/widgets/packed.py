"""Arrays as JSON can hold them: shape, type and base64; ``shared/packed.js`` reads the same."""

import base64
from typing import Any

import numpy as np

DTYPES = ("float32", "uint8", "int8", "int16")


def pack_array(values: np.ndarray, dtype: str = "float32") -> dict[str, Any]:
    """An array as a JSON object, little-endian, row by row.

    Args:
        values: finite numbers of any shape; for a type of integers, integers within its range.
        dtype: ``float32``, ``uint8``, ``int8`` or ``int16``.

    Raises:
        ValueError: another type, or numbers that it cannot hold.

    >>> pack_array(np.array([[1, 2]]), "uint8")
    {'dtype': 'uint8', 'shape': [1, 2], 'data': 'AQI='}
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    given = np.asarray(values)
    if not np.isfinite(given).all():
        raise ValueError("values must be finite, got some that are not")
    kept = given.astype(np.dtype(dtype).newbyteorder("<"))
    if dtype != "float32" and not np.array_equal(kept, given):
        raise ValueError(
            f"values must be integers that {dtype} holds, got {given.min():g} to {given.max():g}"
        )
    if not np.isfinite(kept).all():
        raise ValueError(f"values must lie within the range of {dtype}, got {np.abs(given).max():g}")
    return {
        "dtype": dtype,
        "shape": list(given.shape),
        "data": base64.b64encode(kept.tobytes()).decode("ascii"),
    }


def unpack_array(packed: dict[str, Any]) -> np.ndarray:
    """The array again.

    Args:
        packed: as ``pack_array`` made it.

    Raises:
        ValueError: an object that ``pack_array`` does not make.

    >>> unpack_array(pack_array(np.eye(2)))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    if not isinstance(packed, dict) or set(packed) != {"dtype", "shape", "data"}:
        raise ValueError(f"packed must hold dtype, shape and data, got {packed!r:.80}")
    if packed["dtype"] not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {packed['dtype']!r}")
    raw = base64.b64decode(packed["data"], validate=True)
    flat = np.frombuffer(raw, np.dtype(packed["dtype"]).newbyteorder("<"))
    return flat.astype(packed["dtype"]).reshape(packed["shape"])
