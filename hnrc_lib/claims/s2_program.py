"""Claim 2.6: whether the printed convolutional network shows the method."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from hnrc_lib.claims import s2_printed
from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.s0_printed import with_names
from hnrc_lib.claims.s0_subject import message_of
from hnrc_lib.claims.s2_source import PROGRAM
from hnrc_lib.curvature import HessianLinearOperator, flatten
from hnrc_lib.datasets import load_digits, spectrograms

SIZE = 22  # frames and bands: the least that the printed layers accept is 18
NUM_EPOCHS = 2


class _Refused(torch.autograd.Function):
    """The identity, not to be differentiated."""

    @staticmethod
    def forward(ctx: Any, slope: Tensor) -> Tensor:
        return slope.clone()

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        raise RuntimeError("a second derivative was asked for")


class OnlyOnce(torch.autograd.Function):
    """The identity; its gradient raises RuntimeError where it is differentiated again."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        """The values."""
        return values.clone()

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        """The slope."""
        return _Refused.apply(slopes[0])


def printed_program() -> Numbers:
    """Run the port as printed, then mended just enough to train, with second derivatives forbidden.

    The mended run gets spectrograms of spoken digits with a channel axis, in the printed shape of a pair
    (training set, test set). The probabilities pass through a function that raises at a second derivative.
    """
    sets = _sets()
    raw = tuple((images.squeeze(1), labels) for images, labels in sets)
    as_printed = with_names(s2_printed.main, load_data=lambda: raw)  # pyright: ignore[reportArgumentType]
    seen: list[int] = []
    loss_fn, make = s2_printed.loss_and_optimizer()

    def guarded(labels: Tensor, probabilities: Tensor) -> Tensor:
        seen.append(len(labels))
        return loss_fn(labels, OnlyOnce.apply(probabilities))  # pyright: ignore[reportArgumentType]

    with _seeded():
        model = s2_printed.cnn_model((SIZE, SIZE, 1))
    with _seeded():
        twin = s2_printed.cnn_model((SIZE, SIZE, 1))
    start = _weights(model)
    s2_printed.train_cnn(model, guarded, make(model.parameters()), sets, None, epochs=NUM_EPOCHS)
    _plain_adam(twin, sets)
    hessian = message_of(RuntimeError, lambda: _one_product(model, guarded, sets[1]))
    calls = [ast.unparse(n.func) for n in ast.walk(ast.parse(PROGRAM.text)) if isinstance(n, ast.Call)]
    words = ("hess", "jacob", "inv", "jvp", "solve")
    return {
        "errors_as_printed": float(bool(message_of(AttributeError, as_printed))),
        "gradient_calls": calls.count("tape.gradient"),
        "second_derivative_calls": sum(any(word in call.lower() for word in words) for call in calls),
        "guard_stops_a_product": float(bool(hessian)),
        "steps": len(seen) - 1,
        "test_steps": seen[:-1].count(len(sets[1][1])),
        "difference_from_adam": float((_weights(model) - _weights(twin)).abs().max()),
        "moved": float((_weights(model) - start).abs().max()),
        "num_parameters": len(start),
    }


def judge_printed_program(numbers: Numbers) -> Verdict:
    """Runs, and uses a second derivative: holds; uses one once mended: conditional; uses none: fails."""
    uses = numbers["second_derivative_calls"] > 0 or numbers["difference_from_adam"] > 0
    if not uses:
        return FAILS
    return holds_if("its defects are mended") if numbers["errors_as_printed"] else HOLDS


def _sets() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Spectrograms (N, 1, 22, 22) of a few utterances, for training and for the test."""
    found = []
    for split, every in (("train", 20), ("test", 10)):
        features, labels = spectrograms(load_digits(split, language="en"), num_frames=SIZE, n_mels=SIZE)
        found.append((features[::every].unsqueeze(1), labels[::every]))
    return found[0], found[1]


@contextmanager
def _seeded() -> Iterator[None]:
    """torch draws first weights from its own generator, whose state is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def _plain_adam(model: torch.nn.Module, sets: tuple[tuple[Tensor, Tensor], ...]) -> None:
    """Adam as torch has it, on the cross-entropy of the same sets in turn."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    for _ in range(NUM_EPOCHS):
        for images, labels in sets:
            chosen = model(images)[torch.arange(len(labels)), labels]
            optimizer.zero_grad()
            (-chosen.clamp(1e-7, 1 - 1e-7).log().mean()).backward()
            optimizer.step()


def _one_product(model: torch.nn.Module, loss_fn: Any, part: tuple[Tensor, Tensor]) -> Tensor:
    """One Hessian product of the guarded loss, which has to raise."""
    params = {name: value.detach() for name, value in model.named_parameters()}

    def loss(p: dict[str, Tensor]) -> Tensor:
        return loss_fn(part[1], torch.func.functional_call(model, p, (part[0],)))

    operator = HessianLinearOperator(loss, params, check_deterministic=False)
    return operator @ flatten(params)


def _weights(model: torch.nn.Module) -> Tensor:
    return flatten({name: value.detach() for name, value in model.named_parameters()}).clone()


CLAIMS = (
    Claim(
        id="2.6",
        source="S2",
        section="§4",
        quote="我们将通过一个简单的卷积神经网络（CNN）来展示Hessian逆秩1修正的具体实现。",
        translation=(
            "We show a concrete implementation of the Hessian inverse-rank-1 correction with a simple "
            "convolutional neural network (CNN)."
        ),
        predicate=(
            "Fails if the printed program calls nothing that could form or solve with a second derivative, "
            "and its training loop, mended only to accept its input, leaves exactly the weights that plain "
            "Adam leaves. Otherwise holds, or, where it stops as printed, holds if its defects are mended."
        ),
        evidence=printed_program,
        judge=judge_printed_program,
        sentences={
            "holds": (
                "The program ran as printed, called for second derivatives {second_derivative_calls:.0f} "
                "times, and its weights differed from Adam's by {difference_from_adam:.1e}."
            ),
            "holds if": (
                "As printed it stops with an error. It calls for second derivatives "
                "{second_derivative_calls:.0f} times; mended, its weights differed from Adam's by "
                "{difference_from_adam:.1e}."
            ),
            "fails": (
                "As printed it stops with an error. Mended to accept spectrograms, it took {steps:.0f} "
                "steps, {test_steps:.0f} of them on the test set, and moved {num_parameters:,.0f} weights "
                "by up to {moved:.1e}; the difference from plain Adam is {difference_from_adam:.0f}. It did "
                "so with second derivatives forbidden. One Hessian product was stopped by the same guard."
            ),
        },
        lead="It never touches a Hessian.",
    ),
)
