"""Claim 2.9: curvature products shared out over processes."""

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.experiments.record import load_record

RECORD = "parallel_products"


def parallel_products() -> Numbers:
    """Products of one, two and four processes, from the record: their differences and their CPU time."""
    record = load_record(RECORD)
    arrays = record.arrays
    differences = [arrays[f"{kind}/difference"].max() for kind in ("hessian", "gauss_newton")]
    numbers: dict[str, float] = {
        "num_parameters": record.scalars["num_parameters"],
        "kilobytes": record.scalars["bytes_a_product"] / 1e3,
        "difference": float(max(differences)),
        "agreement": float(arrays["agreement"].max()),
        "eigenvalue_difference": float(abs(arrays["eigenvalues"] / arrays["eigenvalues"][0] - 1).max()),
    }
    for count, hessian, gauss_newton in zip(
        arrays["processes"],
        arrays["hessian/cpu_seconds"],
        arrays["gauss_newton/cpu_seconds"],
        strict=True,
    ):
        numbers |= {
            f"hessian_ms_{count}": 1e3 * float(hessian),
            f"gauss_newton_ms_{count}": 1e3 * float(gauss_newton),
        }
    return numbers


def judge_parallel_products(numbers: Numbers) -> Verdict:
    """The same to 10⁻¹⁰ on all processes, and at most 0.75 of the time with two of them."""
    same = max(numbers[name] for name in ("difference", "agreement")) < 1e-10
    if not same:
        return FAILS
    shares = [numbers[f"{kind}_ms_2"] / numbers[f"{kind}_ms_1"] for kind in ("hessian", "gauss_newton")]
    if max(shares) <= 0.75:
        return HOLDS
    return holds_if("the product is the Gauss–Newton matrix's") if shares[1] <= 0.75 else FAILS


CLAIMS = (
    Claim(
        id="2.9",
        source="S2",
        section="§6",
        quote="通过在并行和分布式计算环境中实现Hessian逆秩1修正，我们可以提高其计算效率。",
        translation=(
            "By implementing the Hessian inverse-rank-1 correction in parallel and distributed computing "
            "environments we can raise its computational efficiency."
        ),
        predicate=(
            "From the full record, in which one, two and four processes share the utterances. Fails unless "
            "all products agree with one process's to 10⁻¹⁰ of the largest entry. Then holds iff the CPU "
            "time of a product on the busiest of two processes is at most 0.75 of that on one, for H and "
            "for G; holds if it is G's, where for G alone; otherwise fails."
        ),
        evidence=parallel_products,
        judge=judge_parallel_products,
        sentences={
            "holds": (
                "On FSDD, with a CNN of {num_parameters:,.0f} parameters, products of one, two and four "
                "processes differed by {difference:.0e} of the largest entry, the largest eigenvalues by "
                "{eigenvalue_difference:.0e}. A Hessian product took the busiest process "
                "{hessian_ms_1:.0f}, {hessian_ms_2:.0f} and {hessian_ms_4:.0f} ms of CPU time, a "
                "Gauss–Newton product {gauss_newton_ms_1:.0f}, {gauss_newton_ms_2:.0f} and "
                "{gauss_newton_ms_4:.0f} ms. What travels is one vector, {kilobytes:.0f} kB a product. "
                "How long it travels, and the wait for the slowest, were not measured."
            ),
            "holds if": (
                "On FSDD products differed by {difference:.0e}. The Hessian's took {hessian_ms_1:.0f} and "
                "{hessian_ms_2:.0f} ms on one and two processes, the Gauss–Newton matrix's "
                "{gauss_newton_ms_1:.0f} and {gauss_newton_ms_2:.0f} ms."
            ),
            "fails": (
                "On FSDD products of several processes differed from one's by {difference:.0e} of the "
                "largest entry; the Hessian's took {hessian_ms_1:.0f} and {hessian_ms_2:.0f} ms of CPU "
                "time on one and two processes."
            ),
        },
        lead="Two processes find what one finds.",
    ),
)
