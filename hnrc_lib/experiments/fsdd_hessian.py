"""The exact Hessian of a small classifier of spoken digits as it trains, and its damped steps."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature import (
    HessianLinearOperator,
    central_difference_errors,
    dense_hessian,
    flatten,
    parameter_blocks,
    unflatten,
)
from hnrc_lib.datasets.fsdd import SPEAKERS
from hnrc_lib.experiments.digit_problem import NUM_CLASSES, DigitProblem, digit_problem, train_problem
from hnrc_lib.experiments.record import Provenance, Record, provenance_here
from hnrc_lib.linalg import rank_one_corrected_step
from hnrc_lib.models import num_parameters
from hnrc_lib.optim import damping_sweep

NAME = "fsdd_hessian"
NULL = 1e-10  # of the largest magnitude: an eigenvalue below is zero but for rounding
HALF_RANGE = 2.0**15  # largest stored entry; float16 then keeps eleven bits over nine decades


@dataclass(frozen=True)
class Config:
    """What is trained, on what, and where its Hessian is taken.

    Attributes:
        corpus: ``"fsdd"`` (real speech, from HNRC_DATA_DIR) or ``"digits"`` (synthetic, shipped, English).
        num_utterances: training utterances, spread evenly over the training set; all when None.
        pooled_frames: stretches of time of the features.
        pooled_bands: stretches of frequency of the features.
        hidden: tanh units of the hidden layer.
        epochs: epochs after which the Hessian is taken, ascending; the last ends the training.
        learning_rate: of Adam.
        batch_size: utterances in a training step.
        num_dampings: values of λ.
        damping_range: smallest and largest λ, spaced evenly in the logarithm.
        seed: of the initial weights, the order of utterances, and the directions of the checks.
    """

    corpus: Literal["fsdd", "digits"] = "fsdd"
    num_utterances: int | None = None
    pooled_frames: int = 4
    pooled_bands: int = 10
    hidden: int = 16
    epochs: tuple[int, ...] = (0, 1, 10, 60)
    learning_rate: float = 0.01
    batch_size: int = 64
    num_dampings: int = 71
    damping_range: tuple[float, float] = (1e-11, 1e3)
    seed: int = 0


QUICK = Config(
    corpus="digits",
    num_utterances=200,
    pooled_bands=5,
    hidden=6,
    epochs=(0, 1, 30),
    batch_size=32,
    num_dampings=29,
)


def run(config: Config | None = None, *, data_dir: str | os.PathLike[str] | None = None) -> Record:
    """Train, take exact Hessians on the way, and sweep the damping of a Newton step at each of them.

        L(θ) = −(1/N) Σᵢ log softmax(MLP(xᵢ; θ))[yᵢ],   H = ∂²L/∂θ²,   s(λ) = −(H + λI)⁻¹∇L

    Everything is in float64, on the CPU.

    Args:
        config: the recorded experiment when left out.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.

    Returns:
        Record ``fsdd_hessian``. Arrays: per epoch ``curve_*``; per stage ``eigenvalues``, ``gradients``
        and, per stage and λ, those of ``damping_sweep``, with ``absolute_actual_reduction`` (|h| for h)
        and ``rank_one_actual_reduction`` (the corrected inverse along the gradient); at the end
        ``parameters``, ``hessian_lower`` (read it with ``final_hessian``), and ``difference_errors`` of
        central differences by ``difference_steps``.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    start = time.perf_counter()
    data = digit_problem(
        config.corpus,
        num_utterances=config.num_utterances,
        pooled=(config.pooled_frames, config.pooled_bands),
        hidden=config.hidden,
        seed=config.seed,
        data_dir=data_dir,
    )
    snapshots, curves = train_problem(
        data,
        config.epochs,
        learning_rate=config.learning_rate,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    dampings = torch.from_numpy(np.geomspace(*config.damping_range, config.num_dampings))
    scalars, arrays = _stages(config, data, snapshots, dampings)
    checks, differences = _checks(config, data, snapshots[-1])
    scalars |= {"blocks": parameter_blocks(snapshots[-1])} | checks
    arrays |= {f"curve_{name}": values for name, values in curves.items()} | differences
    arrays |= {"dampings": dampings.numpy(), "parameters": flatten(snapshots[-1]).numpy()}
    return Record(NAME, _provenance(config, data, time.perf_counter() - start), scalars, arrays)


def live() -> Record:
    """The same experiment in seconds, on the shipped synthetic digits."""
    return replace(run(QUICK), name=f"{NAME}_live")


def final_hessian(record: Record) -> Float[np.ndarray, "n n"]:
    """The Hessian at the end of training, from its stored lower triangle.

    Args:
        record: as ``run`` returned it, or loaded.

    Returns:
        H, symmetric (n, n), float64 with a relative precision of 5·10⁻⁴ an entry.
    """
    lower = record.arrays["hessian_lower"].astype(np.float64) * record.scalars["hessian_unit"]
    size = sum(record.scalars["blocks"].values())
    hessian = np.zeros((size, size))
    hessian[np.tril_indices(size)] = lower
    return hessian + np.tril(hessian, -1).T


def findings(record: Record) -> dict[str, bool]:
    """What the experiment shows, each as a predicate on the numbers, for the record and the quick run alike.

    Args:
        record: as ``run`` returned it, or loaded.
    """
    arrays, scalars, stages = record.arrays, record.scalars, record.scalars["stages"]
    eigenvalues, dampings = arrays["eigenvalues"], arrays["dampings"]
    definite, last = arrays["positive_definite"], eigenvalues[-1]
    return {
        "symmetric but for rounding": scalars["asymmetry_float64"] < 1e-13,
        "finite differences agree": bool(arrays["difference_errors"].min() < 1e-7),
        "softmax leaves hidden + 1 directions flat": all(
            stage["zero"] == record.provenance.config["hidden"] + 1 for stage in stages
        ),
        "indefinite at every stage": bool((eigenvalues[:, 0] < 0).all()),
        "negative part shrinks as it trains": bool(
            -last[0] / last[-1] < -eigenvalues[0, 0] / eigenvalues[0, -1]
        ),
        "most eigenvalues are small": bool((np.abs(last) < 0.1 * last[-1]).mean() > 0.8),
        "positive definite from λ = −h_min on": bool(
            (definite == (dampings > -eigenvalues[:, :1])).all() and definite[:, -1].all()
        ),
        "the condition number falls with λ": all(
            bool((np.diff(row[mask]) < 0).all())
            for row, mask in zip(arrays["condition_number"], definite, strict=True)
        ),
        "small λ gives Newton's direction": bool((arrays["angle_to_newton"][:, 0] < 1).all()),
        "large λ gives the gradient's direction": bool((arrays["angle_to_gradient"][:, -1] < 1).all()),
        "the model is right for short steps": bool((np.abs(arrays["gain_ratio"][:, -1] - 1) < 0.05).all()),
    }


def _stages(
    config: Config, data: DigitProblem, snapshots: list[dict[str, Tensor]], dampings: Tensor
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Spectrum and damping sweep at each snapshot; the last Hessian, packed."""
    stages: list[dict[str, Any]] = []
    columns: dict[str, list[np.ndarray]] = {}
    hessian = torch.empty(0, 0)
    for epoch, params in zip(config.epochs, snapshots, strict=True):
        operator = HessianLinearOperator(data.loss, params)
        hessian, gradient = operator.to_dense(), flatten(operator.gradient)
        eigenvalues = torch.linalg.eigvalsh(hessian)
        found = {"eigenvalues": eigenvalues, "gradients": gradient}
        found |= _sweeps(operator, hessian, gradient, dampings, _reduction(data, params))
        for name, values in found.items():
            columns.setdefault(name, []).append(values.numpy())
        stages.append({"epoch": epoch, "loss": float(operator.value)} | _summary(eigenvalues))
    unit = float(hessian.abs().max()) / HALF_RANGE
    lower = hessian.numpy()[np.tril_indices(len(hessian))] / unit
    arrays = {name: np.stack(values) for name, values in columns.items()}
    return {"stages": stages, "hessian_unit": unit}, arrays | {"hessian_lower": lower.astype(np.float16)}


def _reduction(data: DigitProblem, params: dict[str, Tensor]) -> Callable[[Tensor], float]:
    """s ↦ L(θ) − L(θ + s)."""
    flat = flatten(params)
    with torch.no_grad():
        before = float(data.loss(params))

    def reduction(step: Tensor) -> float:
        with torch.no_grad():
            return before - float(data.loss(unflatten(flat + step, params)))

    return reduction


def _summary(eigenvalues: Tensor) -> dict[str, float | int]:
    zero = eigenvalues.abs() < NULL * eigenvalues.abs().max()
    return {
        "largest": float(eigenvalues[-1]),
        "smallest": float(eigenvalues[0]),
        "zero": int(zero.sum()),
        "negative": int(((eigenvalues < 0) & ~zero).sum()),
        "positive": int(((eigenvalues > 0) & ~zero).sum()),
    }


def _sweeps(
    operator: HessianLinearOperator,
    hessian: Tensor,
    gradient: Tensor,
    dampings: Tensor,
    reduction: Callable[[Tensor], float],
) -> dict[str, Tensor]:
    """The formula, its variant with |h|, and the rank-one corrected inverse, for every λ."""
    plain = damping_sweep(hessian, gradient, dampings, reduction, null_tolerance=NULL)
    bent = damping_sweep(hessian, gradient, dampings, reduction, absolute_eigenvalues=True)
    found = {
        name: value if isinstance(value, Tensor) else torch.tensor(value, dtype=gradient.dtype)
        for name, value in asdict(plain).items()
    }
    promised = plain.predicted_reduction > 0
    product = operator @ gradient
    steps = [rank_one_corrected_step(product, gradient, gradient, float(damping)) for damping in dampings]
    return found | {
        "gain_ratio": torch.where(promised, plain.actual_reduction / plain.predicted_reduction, torch.nan),
        "absolute_actual_reduction": bent.actual_reduction,
        "rank_one_actual_reduction": torch.tensor(
            [reduction(-s.solution) for s in steps], dtype=gradient.dtype
        ),
        "rank_one_positive_definite": torch.tensor([s.positive_definite for s in steps]),
    }


def _checks(
    config: Config, data: DigitProblem, params: dict[str, Tensor]
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Asymmetry of the Hessian, null directions known beforehand, and central differences."""
    full = dense_hessian(data.loss, params, symmetrize=False)
    single = {name: value.float() for name, value in params.items()}
    rough = dense_hessian(replace(data, features=data.features.float()).loss, single, symmetrize=False)
    # Adding the same vector to every class's weights, or number to its biases, leaves the softmax alone.
    shifts = torch.zeros(config.hidden + 1, len(full), dtype=full.dtype)
    output = NUM_CLASSES * (config.hidden + 1)
    shifts[:-1, -output:-NUM_CLASSES] = torch.eye(config.hidden, dtype=full.dtype).repeat(1, NUM_CLASSES)
    shifts[-1, -NUM_CLASSES:] = 1
    scalars = {
        "asymmetry_float64": float((full - full.mT).norm() / full.norm()),
        "asymmetry_float32": float((rough - rough.mT).norm() / rough.norm()),
        "softmax_shift_residual": float((full @ shifts.mT).norm() / (full.norm() * shifts.norm())),
    }
    steps = torch.logspace(0, -9, 19, dtype=torch.float64)
    generator = torch.Generator().manual_seed(config.seed)
    errors = central_difference_errors(data.loss, params, steps, generator=generator)
    return scalars, {"difference_steps": steps.numpy(), "difference_errors": errors.numpy()}


def _provenance(config: Config, data: DigitProblem, seconds: float) -> Provenance:
    kind = f"{len(data.corpus.speakers)} of {len(SPEAKERS)} speakers"
    if config.corpus == "digits":
        kind = f"{len(data.corpus.speakers)} synthetic voices"
    size = num_parameters(data.model)
    inputs = config.pooled_frames * config.pooled_bands
    described = provenance_here(
        config,
        corpus=f"{data.corpus.name}, {len(data.corpus)} utterances, {kind}",
        manifest_sha256=data.corpus.manifest_sha256,
        model=f"MLP {inputs}-{config.hidden}-{NUM_CLASSES}, tanh, {size} parameters",
        seed=config.seed,
        seconds=seconds,
    )
    return replace(described, scale="full" if config.num_utterances is None else "reduced")
