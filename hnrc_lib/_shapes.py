"""Shape annotations: jaxtyping's where it is installed, otherwise names that mean nothing at run time.

``linalg``, ``curvature``, ``landscape``, ``optim``, ``models`` and ``sequence`` must import with NumPy
and torch alone, and jaxtyping is only needed to *check* shapes.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxtyping import Bool, Complex, Float, Int, Shaped
else:
    try:
        from jaxtyping import Bool, Complex, Float, Int, Shaped
    except ImportError:

        class _Unchecked:
            def __class_getitem__(cls, item: Any) -> Any:
                return item[0]

        Bool = Complex = Float = Int = Shaped = _Unchecked

__all__ = ["Bool", "Complex", "Float", "Int", "Shaped"]
