"""What each line of S0's printed program really does, shown by running the port on spoken digits."""

from torch import Tensor

from hnrc_lib.claims import s0_mended, s0_printed
from hnrc_lib.claims.s0_defects import (
    Defect,
    absent_names,
    name_use,
    uncalled_update,
    undefined_model,
)
from hnrc_lib.claims.s0_hessian_lines import hessian_defects
from hnrc_lib.claims.s0_numbering import numbering_defects
from hnrc_lib.claims.s0_source import PRINTED
from hnrc_lib.claims.s0_subject import (
    RATE,
    bands_and_indices,
    largest_difference,
    message_of,
    run_printed,
    ten_layers,
)
from hnrc_lib.claims.subjects import perceptron, speech_features
from hnrc_lib.curvature import flatten


def diagnose() -> list[Defect]:
    """Every defect of the printed program, in the order of its lines.

    Returns:
        Defects with the numbers measured now; ``how`` says which were run, parsed, or only read.
    """
    defects = [
        *numbering_defects(),
        *hessian_defects(),
        uncalled_update(),
        *absent_names(),
        _rate_unused(),
        _epochs_unused(),
        _model_undefined(),
        _damping_unused(),
        _tape_used_twice(),
        _foreign_optimizer(),
    ]
    return sorted(defects, key=lambda defect: defect.line)


def _rate_unused() -> Defect:
    return Defect(
        name="alpha unused",
        line=18,
        says="takes a learning rate",
        does="never reads alpha; a hundredfold one leaves the parameters bit-identical",
        mended="let alpha scale the step",
        how="run",
        shown_by={
            "reads_of_alpha": float("alpha" in name_use(PRINTED, "train_model").read),
            "largest_difference": largest_difference(run_printed(alpha=0.1), run_printed(alpha=10.0)),
            "mended_difference": largest_difference(_mended(), _mended(alpha=1.0)),
        },
    )


def _epochs_unused() -> Defect:
    return Defect(
        name="epochs unused",
        line=18,
        says="trains for a number of epochs",
        does="has no loop; one epoch or fifty leave the parameters bit-identical",
        mended="a loop over epochs",
        how="run",
        shown_by={
            "loops": name_use(PRINTED, "train_model").loops,
            "largest_difference": largest_difference(run_printed(epochs=1), run_printed(epochs=50)),
            "mended_difference": largest_difference(_mended(), _mended(epochs=4)),
        },
    )


def _damping_unused() -> Defect:
    return Defect(
        name="H_tilde unused",
        line=23,
        says="corrects the Hessian by λ for the update",
        does="binds H_tilde, which nothing reads; λ = 0 and λ = 10⁶ leave the parameters bit-identical",
        mended="solve H̃ s = ∇L and subtract α s",
        how="run",
        shown_by={
            "reads_of_H_tilde": float("H_tilde" in name_use(PRINTED, "train_model").read),
            "largest_difference": largest_difference(run_printed(lambda_=0.0), run_printed(lambda_=1e6)),
            "mended_difference": largest_difference(_mended(), _mended(damping=1.0)),
        },
    )


def _model_undefined() -> Defect:
    X, y = bands_and_indices()
    messages = [
        undefined_model(X, y),
        message_of(NameError, lambda: s0_printed.evaluate_model(X, y)),
        message_of(NameError, lambda: s0_printed.train_model(X, y, 0.1, 0.1, 1)),
    ]
    return Defect(
        name="model undefined",
        line=20,
        says="applies the speech recogniser",
        does="uses a name that the program never defines",
        mended="pass the model as an argument",
        how="run",
        shown_by={"calls": len(messages), "name_errors": sum(map(bool, messages))},
        message=messages[0],
    )


def _tape_used_twice() -> Defect:
    train = s0_printed.with_names(s0_printed.train_model, model=ten_layers())
    message = message_of(RuntimeError, lambda: train(*bands_and_indices(), 0.1, 0.1, 1))
    return Defect(
        name="tape used twice",
        line=24,
        says="takes the gradient",
        does="differentiates again on a tape that allows it once; torch refuses a freed graph alike",
        mended="use the gradient that is already there",
        how="run",
        shown_by={"errors": float(bool(message))},
        message=message,
    )


def _foreign_optimizer() -> Defect:
    bare = s0_printed.with_names(s0_printed.train_model, model=ten_layers(rate=None), PERSISTENT=True)
    message = message_of(AttributeError, lambda: bare(*bands_and_indices(), 0.1, 0.1, 1))
    return Defect(
        name="foreign optimiser",
        line=25,
        says="updates the parameters by the method",
        does="takes a step of the optimiser that the model carries, at the rate set there, and needs one",
        mended="θ ← θ − α s",
        how="run",
        shown_by={
            "errors_without_optimizer": float(bool(message)),
            "difference_at_tenfold_rate": largest_difference(run_printed(), run_printed(rate=10 * RATE)),
        },
        message=message,
    )


def _mended(*, alpha: float = 0.5, damping: float = 0.1, epochs: int = 2) -> Tensor:
    """Flat parameters of the mended program on a small perceptron."""
    features, labels = speech_features()
    model = perceptron(features.shape[1], 6)
    run = s0_mended.train_model(model, features, labels, alpha=alpha, damping=damping, epochs=epochs)
    return flatten(run.params)
