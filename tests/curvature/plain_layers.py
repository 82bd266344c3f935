"""Stock torch layers beside their textbook equations: one model, two losses, the second of plain operations.

The plain loss shares no kernel, no layer and no rerouting with the first; its Hessian is taken entry by
entry in float64.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Case(NamedTuple):
    """A stock model on a batch, its loss, and the same loss in plain operations."""

    model: nn.Module
    stock: Callable[[nn.Module, Tensor, Tensor], Tensor]
    plain: Callable[[dict[str, Tensor], Tensor, Tensor], Tensor]
    inputs: Tensor
    targets: Tensor

    def params(self, dtype: torch.dtype) -> dict[str, Tensor]:
        return {name: value.detach().to(dtype) for name, value in self.model.named_parameters()}

    def stock_loss(self, dtype: torch.dtype) -> Callable[[dict[str, Tensor]], Tensor]:
        model, inputs = self.model.to(dtype), self.inputs.to(dtype)

        def loss(params: dict[str, Tensor]) -> Tensor:
            return self.stock(_Bound(model, params), inputs, self.targets)

        return loss

    def plain_loss(self, params: dict[str, Tensor]) -> Tensor:
        return self.plain(params, self.inputs.double(), self.targets)


class _Bound(nn.Module):
    """A model with other parameters, as ``functional_call`` runs it."""

    def __init__(self, model: nn.Module, params: dict[str, Tensor]) -> None:
        super().__init__()
        self.call = lambda *args, **kwargs: torch.func.functional_call(model, params, args, kwargs)

    def forward(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        return self.call(*args, **kwargs)


class Recurrent(nn.Module):
    """A stock recurrent layer, averaged over time, and a linear map; packed where lengths are given."""

    def __init__(self, kind: str, lengths: list[int] | None = None, **options: object) -> None:
        super().__init__()
        self.layer = getattr(nn, kind)(3, 4, batch_first=True, **options)
        self.head, self.lengths = nn.Linear(self.layer.proj_size or 4, 3), lengths

    def forward(self, inputs: Tensor) -> Tensor:
        if self.lengths is None:
            return self.head(self.layer(inputs)[0].mean(1))
        packed = nn.utils.rnn.pack_padded_sequence(
            inputs, self.lengths, batch_first=True, enforce_sorted=False
        )
        outputs, lengths = nn.utils.rnn.pad_packed_sequence(self.layer(packed)[0], batch_first=True)
        return self.head(outputs.sum(1) / lengths.unsqueeze(1))


def cross_entropy(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(model(inputs), targets)


def plain_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    scores = logits - torch.log(torch.exp(logits).sum(1, keepdim=True))
    return -sum(scores[n, targets[n]] for n in range(len(targets))) / len(targets)


def plain_recurrent(kind: str, lengths: list[int] | None = None) -> Callable[..., Tensor]:
    """One example and one frame at a time, from the equations."""

    def step(p: dict[str, Tensor], x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        given = p["layer.weight_ih_l0"] @ x + p["layer.bias_ih_l0"]
        fed = p["layer.weight_hh_l0"] @ h + p["layer.bias_hh_l0"]
        if kind == "RNN":
            return torch.tanh(given + fed), c
        if kind == "LSTM":
            i, f, g, o = (given + fed).chunk(4)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            o = torch.sigmoid(o)
            projected = p.get("layer.weight_hr_l0")
            h = o * torch.tanh(c)
            return (h if projected is None else projected @ h), c
        (xr, xz, xn), (hr, hz, hn) = given.chunk(3), fed.chunk(3)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        return (1 - z) * torch.tanh(xn + r * hn) + z * h, c

    def loss(p: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
        rows = []
        for n, sequence in enumerate(inputs):
            h = torch.zeros(p["layer.weight_hh_l0"].shape[1], dtype=torch.float64)
            c = torch.zeros(4, dtype=torch.float64)
            used = sequence if lengths is None else sequence[: lengths[n]]
            outputs = []
            for frame in used:
                h, c = step(p, frame, h, c)
                outputs.append(h)
            rows.append(p["head.weight"] @ torch.stack(outputs).mean(0) + p["head.bias"])
        return plain_cross_entropy(torch.stack(rows), targets)

    return loss


def plain_norm(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    centred = x - x.mean(axes, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(axes, keepdim=True) + 1e-5)


def plain_encoder(p: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    """A post-norm Transformer encoder layer with two heads of two, averaged over time."""
    logits = []
    for x in inputs:
        q, k, v = (x @ p["self_attn.in_proj_weight"].T + p["self_attn.in_proj_bias"]).chunk(3, 1)
        heads = []
        for head in (slice(0, 2), slice(2, 4)):
            scores = torch.exp(q[:, head] @ k[:, head].T / 2**0.5)
            heads.append((scores / scores.sum(1, keepdim=True)) @ v[:, head])
        mixed = torch.cat(heads, 1) @ p["self_attn.out_proj.weight"].T + p["self_attn.out_proj.bias"]
        x = plain_norm(x + mixed, (1,)) * p["norm1.weight"] + p["norm1.bias"]
        inner = torch.tanh(x @ p["linear1.weight"].T + p["linear1.bias"])
        x = x + inner @ p["linear2.weight"].T + p["linear2.bias"]
        logits.append((plain_norm(x, (1,)) * p["norm2.weight"] + p["norm2.bias"]).mean(0))
    return plain_cross_entropy(torch.stack(logits), targets)


def plain_batch_norm(p: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    hidden = inputs @ p["0.weight"].T + p["0.bias"]
    hidden = torch.tanh(plain_norm(hidden, (0,)) * p["1.weight"] + p["1.bias"])
    return plain_cross_entropy(hidden @ p["3.weight"].T + p["3.bias"], targets)


def plain_layer_norm(p: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    hidden = plain_norm(inputs @ p["0.weight"].T + p["0.bias"], (1,))
    hidden = torch.tanh(hidden * p["1.weight"] + p["1.bias"])
    return plain_cross_entropy(hidden @ p["3.weight"].T + p["3.bias"], targets)


def plain_instance_norm(p: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    """A convolution of width 2, instance normalisation over time, a linear map of what is left."""
    rows = []
    for x in inputs:
        frames = [
            sum(p["0.weight"][:, :, k] @ x[:, t + k] for k in (0, 1)) + p["0.bias"]
            for t in range(x.shape[1] - 1)
        ]
        normed = plain_norm(torch.stack(frames, 1), (1,))
        hidden = torch.tanh(normed * p["1.weight"].unsqueeze(1) + p["1.bias"].unsqueeze(1))
        rows.append(p["4.weight"] @ hidden.flatten() + p["4.bias"])
    return plain_cross_entropy(torch.stack(rows), targets)


def plain_relu_cnn(p: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    """Convolution 3×3, ReLU, maximum of 2×2, linear: every window by itself."""
    rows = []
    for image in inputs:
        maps = []
        for kernel, bias in zip(p["0.weight"], p["0.bias"], strict=True):
            values = [
                [(image[:, r : r + 3, c : c + 3] * kernel).sum() + bias for c in range(4)] for r in range(4)
            ]
            grid = torch.stack([torch.stack(row) for row in values])
            grid = torch.where(grid > 0, grid, 0.0)
            maps += [grid[r : r + 2, c : c + 2].flatten().max() for r in (0, 2) for c in (0, 2)]
        rows.append(p["4.weight"] @ torch.stack(maps) + p["4.bias"])
    return plain_cross_entropy(torch.stack(rows), targets)


def stock_ctc(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    scores = model(inputs).log_softmax(-1).transpose(0, 1)
    return functional.ctc_loss(scores, targets, [5, 4], [2, 1])


def plain_ctc(p: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    """Every path that reads as the target, summed."""
    total = torch.zeros((), dtype=torch.float64)
    for x, target, frames, labels in zip(inputs, targets, (5, 4), (2, 1), strict=True):
        logits = torch.tanh(x @ p["0.weight"].T + p["0.bias"]) @ p["2.weight"].T + p["2.bias"]
        scores = (torch.exp(logits) / torch.exp(logits).sum(1, keepdim=True))[:frames]
        wanted = target[:labels].tolist()
        total = total - torch.log(_mass(scores, wanted)) / labels
    return total / len(inputs)


def _mass(scores: Tensor, wanted: list[int]) -> Tensor:
    """Σ over all paths that collapse to the target of the product of their scores."""
    paths = torch.cartesian_prod(*[torch.arange(scores.shape[1])] * len(scores))
    total = torch.zeros((), dtype=torch.float64)
    for path in paths.tolist():
        merged = [a for a, b in zip(path, [None, *path], strict=False) if a != b and a != 0]
        if merged == wanted:
            total = total + torch.stack([scores[t, a] for t, a in enumerate(path)]).prod()
    return total


def cases() -> dict[str, Case]:
    """Every stock layer that a speech model is made of, small."""
    torch.manual_seed(7)
    sequences, targets = torch.randn(3, 5, 3), torch.tensor([0, 2, 1])
    lengths = [5, 2, 4]
    encoder = nn.TransformerEncoderLayer(4, 2, 5, dropout=0.0, activation=torch.tanh, batch_first=True)

    def mean_over_time(model: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(model(inputs).mean(1), labels)

    def dense(norm: nn.Module) -> nn.Module:
        return nn.Sequential(nn.Linear(3, 4), norm, nn.Tanh(), nn.Linear(4, 3))

    rows = torch.randn(6, 3)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    instance = nn.InstanceNorm1d(2, affine=True, track_running_stats=True)
    convolved = nn.Sequential(nn.Conv1d(3, 2, 2), instance, nn.Tanh(), nn.Flatten(), nn.Linear(8, 3))
    image = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    found = {
        kind: Case(Recurrent(kind), cross_entropy, plain_recurrent(kind), sequences, targets)
        for kind in ("RNN", "LSTM", "GRU")
    }
    found |= {
        f"{kind} packed": Case(
            Recurrent(kind, lengths), cross_entropy, plain_recurrent(kind, lengths), sequences, targets
        )
        for kind in ("RNN", "LSTM", "GRU")
    }
    projected = Recurrent("LSTM", proj_size=2)
    return found | {
        "LSTM projected": Case(projected, cross_entropy, plain_recurrent("LSTM"), sequences, targets),
        "TransformerEncoderLayer": Case(
            encoder, mean_over_time, plain_encoder, torch.randn(3, 5, 4), targets
        ),
        "BatchNorm": Case(dense(nn.BatchNorm1d(4)), cross_entropy, plain_batch_norm, rows, labels),
        "LayerNorm": Case(dense(nn.LayerNorm(4)), cross_entropy, plain_layer_norm, rows, labels),
        "InstanceNorm": Case(
            convolved, cross_entropy, plain_instance_norm, sequences.transpose(1, 2).contiguous(), targets
        ),
        "ReLU CNN": Case(image, cross_entropy, plain_relu_cnn, torch.randn(3, 1, 6, 6), targets),
        "CTC": Case(
            nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)),
            stock_ctc,
            plain_ctc,
            sequences[:2],
            torch.tensor([[1, 1], [2, 0]]),
        ),
    }
