"""A layer of each kind, and a loss in which every output and every final state counts."""

from dataclasses import dataclass

import plain_recurrence
import torch
from torch.func import functional_call

from hnrc_lib.models.recurrent import GRULayer, LSTMLayer, RNNLayer

KINDS = ("RNN_TANH", "RNN_RELU", "LSTM", "GRU")


def make_layer(kind, input_size, hidden_size, *, dtype=torch.float64, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    if kind.startswith("RNN"):
        layer = RNNLayer(
            input_size, hidden_size, nonlinearity=kind[4:].lower(), generator=generator, **options
        )
    else:
        layer = {"LSTM": LSTMLayer, "GRU": GRULayer}[kind](
            input_size, hidden_size, generator=generator, **options
        )
    return layer.to(dtype)


def make_stock(layer):
    options = {"num_layers": layer.num_layers, "bias": layer.bias, "bidirectional": layer.bidirectional}
    kind = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}.get(layer.mode)
    if kind is None:
        stock = torch.nn.RNN(
            layer.input_size, layer.hidden_size, nonlinearity=layer.mode[4:].lower(), **options
        )
    else:
        stock = kind(layer.input_size, layer.hidden_size, **options)
    stock.load_state_dict(layer.state_dict())
    return stock.to(layer.weight_ih_l0.dtype)


def states_of(result):
    """(outputs, states…) of a call, whichever form its states have."""
    outputs, last = result
    return [outputs, *last] if isinstance(last, tuple | list) else [outputs, last]


def weigh(results):
    """Σ w y³ + y over everything, the weights all different: no two values stand for each other."""
    total = torch.zeros((), dtype=results[0].dtype)
    for number, value in enumerate(results):
        weights = torch.linspace(0.5, 1.5 + number, value.numel(), dtype=value.dtype).view(value.shape)
        total = total + (weights * (value**3 + value)).sum()
    return total


@dataclass
class Problem:
    """A loss of the parameters, the inputs and the initial states of a layer."""

    layer: torch.nn.Module
    tensors: dict[str, torch.Tensor]
    lengths: list[int] | None
    from_rest: bool

    def loss(self, tensors, **options):
        params, inputs, initial = self._sorted(tensors)
        if not self.from_rest:
            initial = tuple(initial) if self.layer.mode == "LSTM" else initial[0]
        call = {"lengths": self.lengths, **options}
        arguments = (inputs,) if self.from_rest else (inputs, initial)
        return weigh(states_of(functional_call(self.layer, params, arguments, call)))

    def plain_loss(self, tensors):
        params, inputs, initial = self._sorted(tensors)
        outputs, states = plain_recurrence.run_batch(
            self.layer, params, inputs, None if self.from_rest else initial, self.lengths
        )
        return weigh([outputs, *states])

    def flat_loss(self, flat, loss):
        parts = flat.split([value.numel() for value in self.tensors.values()])
        return loss(
            {name: part.view(v.shape) for (name, v), part in zip(self.tensors.items(), parts, strict=True)}
        )

    def flat(self):
        return torch.cat([value.flatten() for value in self.tensors.values()])

    def dense(self):
        """Gradient and Hessian of the plain recursion, by torch's elementwise derivatives in float64."""
        point = self.flat().requires_grad_()
        value = self.flat_loss(point, self.plain_loss)
        (gradient,) = torch.autograd.grad(value, point, create_graph=True)
        rows = [torch.autograd.grad(part, point, retain_graph=True)[0] for part in gradient]
        return gradient.detach(), torch.stack(rows)

    @staticmethod
    def _sorted(tensors):
        params = {name: value for name, value in tensors.items() if "_l" in name}
        return params, tensors["inputs"], [tensors[n] for n in ("h_0", "c_0") if n in tensors]


def make_problem(kind, *, frames=4, batch=2, sizes=(2, 3), lengths=None, from_rest=False, seed=0, **options):
    layer = make_layer(kind, *sizes, seed=seed, **options)
    generator = torch.Generator().manual_seed(seed + 1)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    tensors = {name: 1.5 * value.detach().clone() for name, value in layer.named_parameters()}
    tensors["inputs"] = draw(frames, batch, sizes[0])
    if not from_rest:
        depth = layer.num_layers * (2 if layer.bidirectional else 1)
        tensors["h_0"] = draw(depth, batch, sizes[1])
        if kind == "LSTM":
            tensors["c_0"] = draw(depth, batch, sizes[1])
    return Problem(layer, tensors, lengths, from_rest)
