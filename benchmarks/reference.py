"""Dense float64 Hessians from plain operations: the other road to what the correctness table checks.

Each ``plain_*`` repeats a stock layer in elementary steps, time step by time step and offset by offset, from
the layer's parameters by name. Nothing of torch's fused layers, attention, normalisation, convolution or CTC
is used.
"""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

Params = dict[str, Tensor]
Plain = Callable[[Params, Tensor, Tensor], Tensor]


def dense_hessian(loss: Callable[[Params], Tensor], params: Params) -> Tensor:
    """The Hessian (n, n), one row after the other.

    >>> dense_hessian(lambda p: p["x"].prod(), {"x": torch.tensor([2.0, 3.0], dtype=torch.float64)})
    tensor([[0., 1.],
            [1., 0.]], dtype=torch.float64)
    """
    leaves = {name: value.detach().double().requires_grad_() for name, value in params.items()}
    inputs = list(leaves.values())
    gradient = torch.autograd.grad(loss(leaves), inputs, create_graph=True)
    rows = []
    for entry in torch.cat([part.reshape(-1) for part in gradient]):
        parts = torch.autograd.grad(
            entry, inputs, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        rows.append(torch.cat([part.reshape(-1) for part in parts]))
    return torch.stack(rows)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over the batch."""
    chosen = logits[torch.arange(len(targets)), targets]
    return (logits.exp().sum(1).log() - chosen).mean()


def affine(params: Params, name: str, inputs: Tensor) -> Tensor:
    """A linear layer by its name."""
    return inputs @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def _recurrent(params: Params, inputs: Tensor, step: Callable[..., tuple[Tensor, ...]]) -> Tensor:
    """Hidden states averaged over time; ``step`` takes the two affine maps and the state."""
    hidden = params["layer.weight_hh_l0"].shape[1]
    state = (inputs.new_zeros(len(inputs), hidden),) * 2
    total = torch.zeros_like(state[0])
    for frame in inputs.unbind(1):
        below = frame @ params["layer.weight_ih_l0"].T + params["layer.bias_ih_l0"]
        before = state[0] @ params["layer.weight_hh_l0"].T + params["layer.bias_hh_l0"]
        state = step(below, before, *state)
        total = total + state[0]
    return total / inputs.shape[1]


def _sigmoid(values: Tensor) -> Tensor:
    return 1 / (1 + (-values).exp())


def _elman(below: Tensor, before: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
    return (below + before).tanh(), cell


def _lstm(below: Tensor, before: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
    entry, forget, content, exit_ = (below + before).chunk(4, 1)
    cell = _sigmoid(forget) * cell + _sigmoid(entry) * content.tanh()
    return _sigmoid(exit_) * cell.tanh(), cell


def _gru(below: Tensor, before: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
    (reset, update, content), parts = below.chunk(3, 1), before.chunk(3, 1)
    update = _sigmoid(update + parts[1])
    content = (content + _sigmoid(reset + parts[0]) * parts[2]).tanh()
    return (1 - update) * content + update * hidden, cell


def plain_rnn(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """``nn.RNN``, pooled over time, cross-entropy."""
    return cross_entropy(affine(params, "head", _recurrent(params, inputs, _elman)), targets)


def plain_lstm(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """``nn.LSTM``, pooled over time, cross-entropy."""
    return cross_entropy(affine(params, "head", _recurrent(params, inputs, _lstm)), targets)


def plain_gru(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """``nn.GRU``, pooled over time, cross-entropy."""
    return cross_entropy(affine(params, "head", _recurrent(params, inputs, _gru)), targets)


def _normalized(values: Tensor, dim: int, epsilon: float = 1e-5) -> Tensor:
    centred = values - values.mean(dim, keepdim=True)
    return centred / ((centred**2).mean(dim, keepdim=True) + epsilon).sqrt()


def _layer_norm(params: Params, name: str, inputs: Tensor) -> Tensor:
    return _normalized(inputs, -1) * params[f"{name}.weight"] + params[f"{name}.bias"]


def plain_transformer(params: Params, inputs: Tensor, targets: Tensor, heads: int = 2) -> Tensor:
    """``nn.TransformerEncoderLayer`` (two heads, no dropout), pooled over time, cross-entropy."""
    joint = inputs @ params["layer.self_attn.in_proj_weight"].T + params["layer.self_attn.in_proj_bias"]
    query, key, value = (
        torch.stack(part.chunk(heads, -1)) for part in joint.chunk(3, -1)
    )  # (head, N, T, width)
    weights = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).exp()
    mixed = torch.cat((weights / weights.sum(-1, keepdim=True) @ value).unbind(0), -1)
    attended = affine(params, "layer.self_attn.out_proj", mixed)
    first = _layer_norm(params, "layer.norm1", inputs + attended)
    inner = affine(params, "layer.linear2", affine(params, "layer.linear1", first).clamp(min=0))
    outputs = _layer_norm(params, "layer.norm2", first + inner)
    return cross_entropy(affine(params, "head", outputs.mean(1)), targets)


def plain_batch_norm(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """Linear, ``nn.BatchNorm1d`` with the batch's own statistics, tanh, linear, cross-entropy."""
    hidden = _normalized(affine(params, "0", inputs), 0) * params["1.weight"] + params["1.bias"]
    return cross_entropy(affine(params, "3", hidden.tanh()), targets)


def plain_layer_norm(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """Linear, ``nn.LayerNorm``, tanh, linear, cross-entropy."""
    hidden = _layer_norm(params, "1", affine(params, "0", inputs))
    return cross_entropy(affine(params, "3", hidden.tanh()), targets)


def plain_dropout(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """Linear, tanh, ``nn.Dropout(0.5)``, linear, cross-entropy: the mean over all masks of the hidden units.

    Training with dropout descends this mean; a single evaluation is a different function at each call.
    """
    hidden = affine(params, "0", inputs).tanh()
    masks = list(itertools.product((0.0, 2.0), repeat=hidden.shape[1]))
    losses = [cross_entropy(affine(params, "3", hidden * hidden.new_tensor(m)), targets) for m in masks]
    return torch.stack(losses).mean()


def plain_cnn(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """3 × 3 convolution, ReLU, 2 × 2 maximum, linear, ReLU, linear, cross-entropy."""
    weight = params["0.weight"]  # (O, I, 3, 3)
    height, width = inputs.shape[2] - 2, inputs.shape[3] - 2
    sums = params["0.bias"].view(-1, 1, 1)
    for row, column in itertools.product(range(3), repeat=2):
        window = inputs[:, :, row : row + height, column : column + width]
        sums = sums + torch.einsum("nihw,oi->nohw", window, weight[:, :, row, column])
    active = sums.clamp(min=0)
    pooled = torch.stack([active[..., i::2, j::2] for i, j in itertools.product(range(2), repeat=2)])
    hidden = affine(params, "4", pooled.max(0).values.flatten(1)).clamp(min=0)
    return cross_entropy(affine(params, "6", hidden), targets)


def plain_ctc(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """Linear, tanh, linear in every frame, and CTC (blank 0) by the forward recursion on probabilities."""
    logits = affine(params, "2", affine(params, "0", inputs).tanh())
    probs = logits.exp() / logits.exp().sum(-1, keepdim=True)
    losses = [-_ctc_probability(p, labels.tolist()).log() / len(labels) for p, labels in zip(probs, targets)]  # noqa: B905
    return torch.stack(losses).mean()


def _ctc_probability(probs: Tensor, labels: list[int]) -> Tensor:
    """Probability of one label sequence given frame probabilities (T, C)."""
    states = [0] + [state for label in labels for state in (label, 0)]
    alpha = [probs[0, states[0]], probs[0, states[1]]] + [probs.new_zeros(())] * (len(states) - 2)
    for frame in probs[1:]:
        following = []
        for s, state in enumerate(states):
            reached = alpha[s] + (alpha[s - 1] if s else 0)
            if s > 1 and state != 0 and state != states[s - 2]:
                reached = reached + alpha[s - 2]
            following.append(reached * frame[state])
        alpha = following
    return alpha[-1] + alpha[-2]
