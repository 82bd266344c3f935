"""Claim 3.7: what the text of S3's program shows, and the loop with its λ put to use."""

import ast
import builtins

import torch
import torch.nn.functional as F

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.s0_defects import definition, name_use
from hnrc_lib.claims.s3_source import PROGRAM
from hnrc_lib.claims.subjects import speech_features
from hnrc_lib.models import LSTM
from hnrc_lib.optim.regularization import DecoupledDecay, regularize

NUM_FRAMES, N_MELS, NUM_HIDDEN, NUM_STEPS, RATE, DECAY = 8, 6, 12, 40, 0.03, 0.3


def printed_training() -> Numbers:
    """Counts in the printed text, and the mended loop with and without decay.

    An LSTM with decoupled decay on Adam, forty steps on shipped digits; the same from the same start without.
    """
    plain, decayed = trained(0.0), trained(DECAY)
    return {
        "uses_of_lambda": reads("train", "lambda_"),
        "num_unbound": len(unbound("train")) + len(unbound("load_data")),
        "passes_for_ten_epochs": 10 ** (1 + _epochs_inside_loop()),
        "decay": DECAY,
        "num_steps": NUM_STEPS,
        "plain_loss": plain["loss"],
        "plain_norm": plain["norm"],
        "decayed_loss": decayed["loss"],
        "decayed_norm": decayed["norm"],
        "first_loss": plain["first_loss"],
    }


def judge_printed_training(numbers: Numbers) -> Verdict:
    """λ must be read, and every name bound."""
    if numbers["uses_of_lambda"] > 0 and numbers["num_unbound"] == 0:
        return HOLDS if numbers["passes_for_ten_epochs"] == 10 else holds_if("one loop over epochs goes")
    return FAILS


def reads(function: str, name: str) -> int:
    """How often a printed function reads a name."""
    found = (node for node in ast.walk(definition(PROGRAM.text, function)) if isinstance(node, ast.Name))
    return sum(node.id == name and isinstance(node.ctx, ast.Load) for node in found)


def unbound(function: str) -> list[str]:
    """Names that a printed function reads and that neither it, nor the program, nor Python binds."""
    outside = {name for node in ast.parse(PROGRAM.text).body for name in _bound_by(node)}
    use = name_use(PROGRAM.text, function)
    return sorted(use.read - use.bound - outside - set(dir(builtins)))


def trained(decay: float) -> dict[str, float]:
    """The mended loop: one pass an epoch, λ as decoupled decay, softmax inside the loss."""
    features, labels = speech_features(num_frames=NUM_FRAMES, n_mels=N_MELS, num_utterances=100)
    frames = features.reshape(len(labels), NUM_FRAMES, N_MELS)
    model = LSTM(N_MELS, NUM_HIDDEN, 10, pooling="last", generator=torch.Generator().manual_seed(0)).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    regularize(optimizer, DecoupledDecay(decay))
    losses = []
    for _ in range(NUM_STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(frames), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    norm = torch.cat([part.detach().flatten() for part in model.parameters() if part.ndim > 1]).norm()
    return {"first_loss": losses[0], "loss": losses[-1], "norm": float(norm)}


def _epochs_inside_loop() -> int:
    """Calls that are handed ``epochs`` within the loop over epochs."""
    loops = [node for node in ast.walk(definition(PROGRAM.text, "train")) if isinstance(node, ast.For)]
    calls = [node for loop in loops for node in ast.walk(loop) if isinstance(node, ast.Call)]
    return sum(keyword.arg == "epochs" for call in calls for keyword in call.keywords)


def _bound_by(node: ast.stmt) -> list[str]:
    """Names that a statement of the module binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import):
        return [alias.asname or alias.name for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


CLAIMS = (
    Claim(
        id="3.7",
        source="S3",
        section="§4",
        quote="最后，我们需要调用训练函数，并通过权重衰减技术来训练模型。",
        translation="Finally we call the training function and train the model with weight decay.",
        predicate=(
            "Parsed in the printed text: fails unless the training function reads its λ and every name that "
            "it and the loader read is bound somewhere; then holds if one loop over epochs goes where fit is "
            "handed the epochs inside the loop over epochs; otherwise holds."
        ),
        evidence=printed_training,
        judge=judge_printed_training,
        sentences={
            "holds": "λ is read {uses_of_lambda:.0f} times and every name is bound.",
            "holds if": (
                "λ is read {uses_of_lambda:.0f} times and every name is bound, but ten epochs are "
                "{passes_for_ten_epochs:.0f} passes through the data."
            ),
            "fails": (
                "The training function reads its λ {uses_of_lambda:.0f} times; {num_unbound:.0f} names "
                "that it or the loader reads are bound nowhere; ten epochs would be "
                "{passes_for_ten_epochs:.0f} passes. The mended loop took an LSTM from a loss of "
                "{first_loss:.2f} to {plain_loss:.3f} in {num_steps:.0f} steps without decay and to "
                "{decayed_loss:.3f} with decay {decay:g}, which took the norm of its weights from "
                "{plain_norm:.1f} to {decayed_norm:.1f}."
            ),
        },
        lead="λ is never used, the loss undefined, it fits epochs² times.",
    ),
)
