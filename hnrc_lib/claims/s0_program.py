"""Claim 0.8: whether the printed training loop applies the method."""

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.s0_diagnosis import diagnose
from hnrc_lib.claims.s0_mended import train_model
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features


def printed_program() -> Numbers:
    """Diagnosis of the printed program in numbers, and the mended one on held-out voices.

    Effects are the largest change of any parameter when one argument changes and all else is equal: λ from 0
    to 10⁶, α from 0.1 to 10, epochs from 1 to 50 in the port; smaller changes in the mended program.
    """
    defects = diagnose()
    shown = {defect.name: defect.shown_by for defect in defects}
    effects = {"damping": "H_tilde unused", "rate": "alpha unused", "epochs": "epochs unused"}
    features, labels = speech_features()
    model = perceptron(features.shape[1], 6)
    run = train_model(model, features, labels, alpha=0.5, damping=0.1, epochs=30)
    unseen = SpeechProblem(model, *speech_features(num_utterances=200, split="test"))
    return {
        "num_defects": len(defects),
        **{f"num_{how}": sum(d.how == how for d in defects) for how in ("run", "parsed", "read")},
        **{f"{name}_effect": shown[defect]["largest_difference"] for name, defect in effects.items()},
        **{f"mended_{name}_effect": shown[defect]["mended_difference"] for name, defect in effects.items()},
        **shown["not a Hessian"],
        "mended_first_loss": run.losses[0],
        "mended_last_loss": run.losses[-1],
        "mended_error_rate": unseen.error_rate(run.params),
    }


def judge_printed_program(numbers: Numbers) -> Verdict:
    """λ, α and epochs must reach the parameters, and H must ignore a linear term of the loss."""
    reach = all(numbers[f"{name}_effect"] > 0 for name in ("damping", "rate", "epochs"))
    second_order = numbers["printed_moved_by_linear_term"] < 1e-9
    if not (reach and second_order):
        return FAILS
    return HOLDS if numbers["num_defects"] == 0 else holds_if("its defects are mended")


CLAIMS = (
    Claim(
        id="0.8",
        source="S0",
        section="§4",
        quote="在Python中，可以使用NumPy和TensorFlow等库来实现Hessian逆秩1修正。以下是一个简单的代码实例：",
        translation=(
            "In Python, libraries such as NumPy and TensorFlow can be used to implement the Hessian inverse "
            "rank-1 correction. Here is a simple code example:"
        ),
        predicate=(
            "On the port to PyTorch, repaired only so far that it runs: fails unless λ, α and epochs, "
            "changed one at a time, change the parameters, and a linear term added to the loss leaves the "
            "printed H alone, as it leaves every second derivative. Then holds if its defects are mended; "
            "holds when there are none."
        ),
        evidence=printed_program,
        judge=judge_printed_program,
        sentences={
            "holds": (
                "λ, α and epochs changed the parameters by {damping_effect:.2g}, {rate_effect:.2g} and "
                "{epochs_effect:.2g}."
            ),
            "holds if": (
                "λ, α and epochs changed the parameters by {damping_effect:.2g}, {rate_effect:.2g} and "
                "{epochs_effect:.2g}, with {num_defects:.0f} defects to mend."
            ),
            "fails": (
                "The program has {num_defects:.0f} defects ({num_run:.0f} shown by running, "
                "{num_parsed:.0f} by parsing, {num_read:.0f} only read). Made to run, its parameters changed "
                "by {damping_effect:g} between λ = 0 and 10⁶, by {rate_effect:g} between α = 0.1 and 10, and "
                "by {epochs_effect:g} between 1 and 50 epochs. What it calls H has {printed_entries:.0f} "
                "entries instead of {hessian_entries:.0f}; a linear term in the loss moved it by "
                "{printed_moved_by_linear_term:.1f} times its norm, the Hessian by "
                "{hessian_moved_by_linear_term:.1g}. The mended program reacts to all three "
                "({mended_damping_effect:.2g}, {mended_rate_effect:.2g}, {mended_epochs_effect:.2g}) and "
                "brought the loss from {mended_first_loss:.2f} to {mended_last_loss:.3f}, with an error of "
                "{mended_error_rate:.0%} on unseen voices of the shipped digits."
            ),
        },
        lead='Never uses H̃; its "Hessian" is not one.',
    ),
)
