"""CTC from logits: gradient, gradient with a product, product on a kept graph."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import relative_error
from hnrc_lib.sequence import ctc_loss, ctc_loss_from_logits

NAME = "ctc"
TITLE = "CTC"
TEXT = (
    "The loss of logits, float32, lengths mixed; one gradient through torch's log_softmax and ctc_loss "
    "is 1. torch has no second derivative of CTC, and so no peer has. The reference is the forward "
    "recursion in float64, step by step, differentiated twice by torch."
)
SHAPE, QUICK = (200, 16, 32, 30), (40, 4, 12, 6)
GRADIENT, BOTH, KEPT = "gradient", "gradient + HVP", "HVP, kept graph"
ABSENT = -1e4  # log-probability of what cannot be: exp underflows to zero, and derivatives stay finite
Loss = Callable[[Tensor], Tensor]


class Batch:
    """Random logits (T, N, C) and targets of mixed lengths from seed 0; the first utterance is full."""

    def __init__(self, frames: int, batch: int, classes: int, labels: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.logits, self.vector = torch.randn(2, frames, batch, classes, generator=generator)
        self.input_lengths = torch.randint(frames * 3 // 4, frames + 1, (batch,), generator=generator)
        self.target_lengths = torch.randint(labels // 2, labels + 1, (batch,), generator=generator)
        self.targets = torch.randint(1, classes, (batch, labels), generator=generator)
        self.input_lengths[0], self.target_lengths[0] = frames, labels

    @property
    def rest(self) -> tuple[Tensor, Tensor, Tensor]:
        """What follows the logits in every call."""
        return self.targets, self.input_lengths, self.target_lengths


def plain_loss(logits: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor) -> Tensor:
    """Mean CTC loss by the forward recursion, one frame after the other, in elementary operations.

    Reduction as torch's: each utterance over its number of labels, then the mean.
    """
    scores = logits - logits.exp().sum(-1, keepdim=True).log()
    states = torch.zeros(len(targets), 2 * targets.shape[1] + 1, dtype=torch.long)
    states[:, 1::2] = targets
    before = functional.pad(states, (2, 0), value=-1)[:, :-2]
    jumps = torch.where((states != 0) & (states != before), 0.0, ABSENT).to(logits)
    emitted = scores.gather(2, states.expand(len(scores), -1, -1))
    start = torch.full_like(states, 1, dtype=logits.dtype) * ABSENT
    alpha = torch.cat([emitted[0, :, :2], start[:, 2:]], dim=1)
    alphas = [alpha]
    for frame in emitted[1:]:
        one = functional.pad(alpha, (1, 0), value=ABSENT)[:, :-1]
        two = functional.pad(alpha, (2, 0), value=ABSENT)[:, :-2] + jumps
        alpha = torch.stack([alpha, one, two]).logsumexp(0) + frame
        alphas.append(alpha)
    last = torch.stack(alphas)[input_lengths - 1, torch.arange(len(targets))]
    ends = torch.stack([2 * target_lengths, 2 * target_lengths - 1], dim=1)
    return (-last.gather(1, ends).logsumexp(1) / target_lengths).mean()


def gradient(loss: Loss, logits: Tensor, *, record: bool = False) -> tuple[Tensor, Tensor]:
    """A fresh leaf and the gradient in it."""
    leaf = logits.detach().clone().requires_grad_()
    return leaf, torch.autograd.grad(loss(leaf), leaf, create_graph=record)[0]


def product(loss: Loss, logits: Tensor, vector: Tensor) -> Tensor:
    """The Hessian product from nothing."""
    leaf, recorded = gradient(loss, logits, record=True)
    return torch.autograd.grad(recorded, leaf, vector)[0]


def kept(loss: Loss, logits: Tensor, vector: Tensor) -> Callable[[], Tensor]:
    """The Hessian product on a graph that is already there."""
    leaf, recorded = gradient(loss, logits, record=True)
    return lambda: torch.autograd.grad(recorded, leaf, vector, retain_graph=True)[0]


def case(shape: tuple[int, int, int, int]) -> Case:
    """All rows for one T, B, C, S."""
    batch = Batch(*shape)
    logits, vector = batch.logits, batch.vector
    losses: dict[str, Loss] = {
        "torch": lambda x: functional.ctc_loss(x.log_softmax(-1), *batch.rest),
        "from logits": lambda x: ctc_loss_from_logits(x, *batch.rest),
        "from log-probabilities": lambda x: ctc_loss(x.log_softmax(-1), *batch.rest),
    }
    first = gradient(lambda x: plain_loss(x, *batch.rest), logits.double())[1]
    second = product(lambda x: plain_loss(x, *batch.rest), logits.double(), vector.double())
    of_torch = relative_error(gradient(losses["torch"], logits)[1], first)

    def row(work: str, loss: str, prepare: Callable[[], Callable[[], Tensor]], *bars: Bar) -> Row:
        exact = first if work == GRADIENT else second
        provider, name = ("torch", work) if loss == "torch" else (OURS, f"{work}, {loss}")
        return Row(name, provider, prepare, bars, judge=lambda got: relative_error(got, exact))

    rows = [row(GRADIENT, "torch", lambda: lambda: gradient(losses["torch"], logits)[1])]
    rows.append(row(BOTH, "torch", lambda: lambda: product(losses["torch"], logits, vector)))
    for name in ("from logits", "from log-probabilities"):
        loss, barred = losses[name], name == "from logits"
        first_bars = (Bar(1.0), Bar(of_torch, "relative error")) if barred else ()
        both_bars = (Bar(3.5), Bar(3e-4, "relative error")) if barred else ()
        kept_bars = (Bar(1.0),) if barred else ()
        rows += [
            row(GRADIENT, name, lambda loss=loss: lambda: gradient(loss, logits)[1], *first_bars),
            row(BOTH, name, lambda loss=loss: lambda: product(loss, logits, vector), *both_bars),
            row(KEPT, name, lambda loss=loss: kept(loss, logits, vector), *kept_bars),
        ]
    return Case("T = {}, B = {}, C = {}, S = {}, from logits".format(*shape), tuple(rows))


def cases(quick: bool) -> Iterator[Case]:
    """The shape of the bars; a small one when quick."""
    yield case(QUICK if quick else SHAPE)
