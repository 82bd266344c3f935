"""CTC twice more: by enumerating every path, and by a recursion that autograd sees through."""

import itertools

import torch
from torch import Tensor


def collapse(path: tuple[int, ...], blank: int) -> list[int]:
    """Repeats merged, blanks dropped."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def alignments(frames: int, classes: int, target: list[int], blank: int) -> list[tuple[int, ...]]:
    """Every path of that many frames that reads as the target."""
    paths = itertools.product(range(classes), repeat=frames)
    return [path for path in paths if collapse(path, blank) == target]


def enumerated(scores: Tensor, target: list[int], blank: int) -> tuple[Tensor, Tensor, Tensor]:
    """log Z, occupancies (time, classes) and their covariance (time·classes)² of one utterance."""
    frames, classes = scores.shape
    paths = alignments(frames, classes, target, blank)
    hits = torch.zeros(len(paths), frames, classes, dtype=torch.float64)
    for row, path in zip(hits, paths, strict=True):
        row[torch.arange(frames), torch.tensor(path, dtype=torch.int64)] = 1.0
    logs = (hits * scores).sum((1, 2))
    weights = logs.softmax(0)
    flat = hits.flatten(1)
    mean = weights @ flat
    covariance = (flat - mean).mT @ (weights.unsqueeze(1) * (flat - mean))
    return logs.logsumexp(0), mean.view(frames, classes), covariance


def recursion(scores: Tensor, target: list[int], blank: int) -> Tensor:
    """−log Z of one feasible utterance (time, classes) from the textbook recursion, state by state."""
    states = [blank] + [label for one in target for label in (one, blank)]
    alpha = {s: scores[0, states[s]] for s in range(min(2, len(states)))}
    for frame in scores[1:]:
        before, alpha = alpha, {}
        for s, label in enumerate(states):
            skips = s > 1 and label not in (blank, states[s - 2])
            sources = [before[k] for k in ([s, s - 1, s - 2] if skips else [s, s - 1]) if k in before]
            if sources:
                alpha[s] = torch.stack(sources).logsumexp(0) + frame[label]
    ends = [alpha[s] for s in (len(states) - 1, len(states) - 2) if s in alpha]
    return -torch.stack(ends).logsumexp(0)


def losses(
    scores: Tensor,
    targets: list[list[int]],
    input_lengths: list[int],
    blank: int = 0,
    *,
    logits: bool = False,
) -> Tensor:
    """−log Z of every utterance of a batch (time, batch, classes) by ``recursion``."""
    scores = scores.log_softmax(-1) if logits else scores
    return torch.stack([recursion(scores[:n, i], targets[i], blank) for i, n in enumerate(input_lengths)])


def padded(targets: list[list[int]], fill: int = 0) -> tuple[Tensor, Tensor]:
    """Targets side by side with their lengths."""
    longest = max(map(len, targets))
    rows = [target + [fill] * (longest - len(target)) for target in targets]
    return torch.tensor(rows, dtype=torch.int64).view(len(targets), longest), torch.tensor(
        list(map(len, targets))
    )


def random_batch(seed: int, frames: int, batch: int, classes: int, longest: int, blank: int = 0):
    """Logits and feasible targets of mixed lengths; the first is full, the second repeats one label, the
    third is empty."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    labels = [label for label in range(classes) if label != blank]
    targets, lengths = [], []
    for index in range(batch):
        size = longest if index == 0 else 0 if index == 2 else draw(1, longest)
        target = [labels[draw(0, len(labels) - 1)] for _ in range(size)]
        if index == 1:
            target = target[:1] * size
        needed = size + sum(a == b for a, b in itertools.pairwise(target))
        assert needed <= frames, "the batch asked for does not fit"
        targets.append(target)
        lengths.append(frames if index == 0 else draw(max(needed, 1), frames))
    logits = 2 * torch.randn(frames, batch, classes, generator=generator, dtype=torch.float64)
    return logits, targets, lengths
