"""How far back recurrent networks reach: recall of a first symbol, and a recogniser of real speech."""

import copy
import os
import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hnrc_lib._shapes import Float
from hnrc_lib.datasets import Corpus, load_an4
from hnrc_lib.experiments.record import Record, provenance_here
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.models import apply_model, make_model, num_parameters
from hnrc_lib.models.recurrent import LSTMLayer
from hnrc_lib.recognition import ModelFiles, load_model_files

NAME = "recurrent_memory"
KINDS = ("trained", "untrained", "shuffled")
NUM_SYMBOLS, NUM_UNITS, RATE = 4, 16, 0.01
_QUANTILES = np.linspace(0, 1, 41)


@dataclass(frozen=True)
class Config:
    """What has to be remembered, and by whom.

    Attributes:
        model: a shipped CTC recogniser with LSTM layers, or the path of one.
        num_utterances: of AN4's test part, the first ones; all when None.
        reach: frames of output over which the gradient is followed back.
        draws: of untrained and of shuffled weights.
        cells: of the recall task: ``"DRNN"`` (Elman's), or ``"LSTM"`` and what is added to its forget bias.
        delays: empty frames between the symbol and the question.
        starts: initial weights of every cell and delay.
        num_steps: of Adam, on all four symbols at once.
        num_threads: CPU threads.
        seed: of the first draw and the first start.
    """

    model: str = "an4"
    num_utterances: int | None = None
    reach: int = 30
    draws: int = 3
    cells: tuple[tuple[Literal["DRNN", "LSTM"], float], ...] = (
        ("DRNN", 0.0),
        ("LSTM", 0.0),
        ("LSTM", 1.0),
        ("LSTM", 3.0),
        ("LSTM", 5.0),
    )
    delays: tuple[int, ...] = (4, 8, 16, 32, 64)
    starts: int = 6
    num_steps: int = 250
    num_threads: int = 1
    seed: int = 0


def run(config: Config | None = None, *, data_dir: str | os.PathLike[str] | None = None) -> Record:
    """Follow the gradient back through the recogniser, trained or not, and train small cells to recall.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds AN4; the environment variable ``HNRC_DATA_DIR`` when None.

    Returns:
        Record ``recurrent_memory``. Arrays: ``reach`` (3, 3, D), for trained, untrained and shuffled weights
        the quartiles over utterances of ‖∂ℓ/∂x‖ at a block of input frames, over that of the block of the
        late frame itself, at ``seconds_back`` (D,); ``forget`` (3, Q), quantiles over the LSTM units of
        their mean forget gate; ``recall`` (cells, delays, starts), shares of the symbols named at the end.
        Scalars: how many utterances were long enough, ``kinds``.

    Raises:
        FileNotFoundError: AN4 is not there.
        ValueError: no utterance is long enough.
    """
    config = config or Config()
    start = time.perf_counter()
    corpus = load_an4("test", data_dir=data_dir)
    if config.num_utterances is not None:
        corpus = Corpus(corpus.name, corpus[: config.num_utterances])
    files = load_model_files(config.model)
    with cpu_threads(config.num_threads):
        scalars, arrays = _recogniser(config, files, corpus)
        recall = [
            [
                [
                    recalled(cell, delay, forget=forget, steps=config.num_steps, seed=config.seed + i)
                    for i in range(config.starts)
                ]
                for delay in config.delays
            ]
            for cell, forget in config.cells
        ]
    provenance = provenance_here(
        config,
        corpus=f"AN4 test part, {scalars['num_utterances']} utterances; a task of recall for the cells",
        manifest_sha256=corpus.manifest_sha256,
        model=f"{files.card.architecture} {files.card.name}, {num_parameters(files.model):,} parameters",
        seed=config.seed,
        seconds=time.perf_counter() - start,
    )
    return Record(NAME, provenance, scalars, arrays | {"recall": np.array(recall, dtype=np.float32)})


def recalled(
    cell: Literal["DRNN", "LSTM"], delay: int, *, forget: float = 0.0, steps: int = 250, seed: int = 0
) -> float:
    """Share of four symbols, seen at the first frame only, that is named after so many empty frames.

    Args:
        cell: ``"DRNN"`` or ``"LSTM"``, of 16 units.
        delay: empty frames, ≥ 1.
        forget: added to the bias of an LSTM's forget gate at the start.
        steps: of Adam.
        seed: of the initial weights.
    """
    generator = torch.Generator().manual_seed(seed)
    sizes = {"input_size": NUM_SYMBOLS + 1, "hidden_size": NUM_UNITS, "output_size": NUM_SYMBOLS}
    net = make_model(cell, **sizes, pooling="last", generator=generator)
    if cell == "LSTM":
        biases = dict(net.named_parameters())["recurrent.bias_ih_l0"]
        biases.data[NUM_UNITS : 2 * NUM_UNITS] += forget
    frames = torch.zeros(NUM_SYMBOLS, delay + 1, NUM_SYMBOLS + 1)
    frames[:, 0, :NUM_SYMBOLS] = torch.eye(NUM_SYMBOLS)
    frames[:, 1:, NUM_SYMBOLS] = 1
    symbols = torch.arange(NUM_SYMBOLS)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(frames), symbols).backward()
        optimizer.step()
    with torch.no_grad():
        return float((net(frames).argmax(dim=1) == symbols).double().mean())


def reach_back(
    model: nn.Module,
    features: Float[Tensor, "1 frames features"],
    place: int,
    symbol: int,
    *,
    reach: int,
    stride: int = 4,
) -> Float[Tensor, "blocks"]:
    """‖∂ℓ/∂x‖ of ℓ = −log p(symbol | frame ``place`` of output), block by block of input, backwards.

    Args:
        model: from features to logits at every ``stride``-th frame.
        features: x, of one utterance.
        place: frame of output, ≥ ``reach``.
        symbol: whose probability is looked at.
        reach: blocks before that of the frame itself.
        stride: input frames of a block.

    Returns:
        Norms, shape (reach + 1,): the frame's own block first, then further and further back.
    """
    inputs = features.detach().requires_grad_()
    logits = apply_model(model, inputs, torch.tensor([inputs.shape[1]]))
    (gradient,) = torch.autograd.grad(-logits[0].log_softmax(-1)[place, symbol], inputs)
    blocks = F.pad(gradient[0], (0, 0, 0, stride))[: stride * (place + 1)].unflatten(0, (-1, stride))
    return blocks.flatten(1).norm(dim=1).flip(0)[: reach + 1]


def shuffled(model: nn.Module, seed: int) -> nn.Module:
    """A copy in which the entries of every LSTM tensor have changed places among themselves."""
    generator, copied = torch.Generator().manual_seed(seed), copy.deepcopy(model)
    for layer in _lstm_layers(copied):
        for parameter in layer.parameters():
            order = torch.randperm(parameter.numel(), generator=generator)
            parameter.data = parameter.data.flatten()[order].view_as(parameter)
    return copied


def mean_forget_gates(
    model: nn.Module, utterances: list[Float[Tensor, "1 _ features"]]
) -> Float[Tensor, "units"]:
    """Mean over frames of the forget gate of every LSTM unit of a model, all layers and directions."""
    layers = _lstm_layers(model)
    totals, counts = [torch.zeros(layer.hidden_size) for layer in layers], [0] * len(layers)

    def listen(index: int) -> Any:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Any, ...]) -> None:
            h = outputs[0][0]
            before = torch.cat([torch.zeros_like(h[:1]), h[:-1]])
            own = dict(layer.named_parameters())
            z = inputs[0][0] @ own["weight_ih_l0"].T + before @ own["weight_hh_l0"].T
            z = z + own["bias_ih_l0"] + own["bias_hh_l0"]
            totals[index] += z.chunk(4, dim=1)[1].sigmoid().sum(dim=0)
            counts[index] += len(h)

        return hook

    handles = [layer.register_forward_hook(listen(index)) for index, layer in enumerate(layers)]
    with torch.no_grad():
        for features in utterances:
            apply_model(model, features, torch.tensor([features.shape[1]]))
    for handle in handles:
        handle.remove()
    return torch.cat([total / count for total, count in zip(totals, counts, strict=True)])


def _recogniser(
    config: Config, files: ModelFiles, corpus: Corpus
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    features, questions = [], []
    for utterance in corpus:
        one, _ = files.card.front_end(utterance.samples[None], torch.tensor([len(utterance.samples)]))
        with torch.no_grad():
            best = apply_model(files.model, one, torch.tensor([one.shape[1]]))[0].argmax(-1)
        late = [int(place) for place in best.nonzero().flatten() if place >= config.reach]
        if late:
            features.append(one)
            questions.append((late[-1], int(best[late[-1]])))
    if not features:
        raise ValueError(f"corpus must hold an utterance of more than {config.reach} frames of output")
    reach, forget = [], []
    for models in _models(config, files):
        norms = torch.stack(
            [
                reach_back(model, one, *question, reach=config.reach)
                for model in models
                for one, question in zip(features, questions, strict=True)
            ]
        )
        relative = (norms / norms[:, :1]).double().numpy()
        reach.append(np.quantile(relative, (0.25, 0.5, 0.75), axis=0))
        gates = torch.cat([mean_forget_gates(model, features) for model in models])
        forget.append(np.quantile(gates.numpy(), _QUANTILES))
    hop = files.card.front_end.hop_seconds
    arrays = {
        "reach": np.array(reach, dtype=np.float32),
        "seconds_back": np.arange(config.reach + 1) * 4 * hop,
        "forget": np.array(forget, dtype=np.float32),
    }
    return {"num_utterances": len(features), "kinds": list(KINDS)}, arrays


def _models(config: Config, files: ModelFiles) -> list[list[nn.Module]]:
    """In the order of ``KINDS``: the trained model, untrained ones, and ones of shuffled LSTM weights."""
    seeds = range(config.seed, config.seed + config.draws)
    fresh = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            fresh.append(make_model(files.card.architecture, **files.card.options).eval())
    return [[files.model], fresh, [shuffled(files.model, seed) for seed in seeds]]


def _lstm_layers(model: nn.Module) -> list[LSTMLayer]:
    return [module for module in model.modules() if isinstance(module, LSTMLayer)]
