"""Recurrent networks written step by step from their equations, one sequence at a time: slow and obvious."""

import torch


def elman_step(x, state, w, u, b, c, activation):
    (h,) = state
    return (activation(w @ x + b + u @ h + c),)


def lstm_step(x, state, w, u, b, c, _):
    h, cell = state
    i, f, g, o = (w @ x + b + u @ h + c).chunk(4)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


def gru_step(x, state, w, u, b, c, _):
    (h,) = state
    xr, xz, xn = (w @ x + b).chunk(3)
    hr, hz, hn = (u @ h + c).chunk(3)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return ((1 - z) * n + z * h,)


STEPS = {"RNN_TANH": elman_step, "RNN_RELU": elman_step, "LSTM": lstm_step, "GRU": gru_step}


def run_sequence(layer, params, frames, initial):
    """Outputs (T, D·H) and final states of one sequence (T, F) under a dict of parameters."""
    step = STEPS[layer.mode]
    activation = torch.relu if layer.mode == "RNN_RELU" else torch.tanh
    finals = []
    for number in range(layer.num_layers):
        directions = []
        for d, suffix in enumerate(["", "_reverse"][: 2 if layer.bidirectional else 1]):
            names = [f"{kind}_l{number}{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            w, u = params[names[0]], params[names[1]]
            b, c = (params.get(name, torch.zeros(len(w), dtype=w.dtype)) for name in names[2:])
            index = number * (2 if layer.bidirectional else 1) + d
            state = tuple(part[index] for part in initial)
            outputs = []
            for x in reversed(frames) if d else frames:
                state = step(x, state, w, u, b, c, activation)
                outputs.append(state[0])
            finals.append(state)
            directions.append(torch.stack(outputs[::-1] if d else outputs))
        frames = list(torch.cat(directions, -1))
    return torch.stack(frames), [torch.stack(parts) for parts in zip(*finals, strict=True)]


def run_batch(layer, params, inputs, initial=None, lengths=None):
    """Outputs (T, N, D·H), zero beyond each length, and final states; inputs (T, N, F)."""
    frames, batch = inputs.shape[:2]
    depth = layer.num_layers * (2 if layer.bidirectional else 1)
    if initial is None:
        count = 2 if layer.mode == "LSTM" else 1
        initial = [torch.zeros(depth, batch, layer.hidden_size, dtype=inputs.dtype) for _ in range(count)]
    outputs, states = [], []
    for n in range(batch):
        length = frames if lengths is None else int(lengths[n])
        out, state = run_sequence(layer, params, list(inputs[:length, n]), [part[:, n] for part in initial])
        outputs.append(torch.cat([out, torch.zeros(frames - length, out.shape[1], dtype=out.dtype)]))
        states.append(state)
    return torch.stack(outputs, 1), [torch.stack(parts, 1) for parts in zip(*states, strict=True)]
