"""The trace of a Hessian, how sure of it one may be, and where it came from."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from hnrc_lib.linalg.trace_estimate import TraceEstimate


@dataclass(frozen=True)
class HessianTrace:
    """Result of ``hessian_trace``.

    Attributes:
        value: the estimate of tr H.
        standard_error: its standard deviation, from the scatter of the probes; 0 if all blocks are exact.
        num_products: products with a block of the Hessian that it took.
        blocks: the part of each block, under the name of its first parameter; the parts are independent
            and sum to the whole.
        degrees_of_freedom: ν, how well the probes know their own scatter; infinite if all blocks are exact.
        not_exact_because: what the network does that an exact trace does not allow; None where it was not
            tried, or where it is exact.
    """

    value: float
    standard_error: float
    num_products: int
    blocks: dict[str, TraceEstimate]
    degrees_of_freedom: float = math.inf
    not_exact_because: str | None = None

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Ends of the interval that holds tr H with this probability, if probes scatter normally.

            value ± t_ν · standard_error

        with t_ν the quantile of Student's distribution: few probes know their own scatter badly, and the
        interval says so by its width.

        Args:
            confidence: 0 … 1, both ends excluded.

        Raises:
            ValueError: it lies outside.

        >>> low, high = HessianTrace(1.0, 0.1, 9, {}, degrees_of_freedom=8.0).interval()
        >>> print(f"{low:.2f} … {high:.2f}")
        0.77 … 1.23
        """
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
        margin = _student(confidence, self.degrees_of_freedom) * self.standard_error
        return self.value - margin, self.value + margin


def _student(confidence: float, degrees: float) -> float:
    """Two-sided quantile of Student's distribution, expanded in 1/ν: three digits from ν = 3 on."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / degrees**power for power, term in enumerate(terms))
