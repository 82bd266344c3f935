"""Which utterances share a batch: a function of seed and epoch alone."""

import torch

_JITTER = 0.1


def bucketed_batches(lengths: torch.Tensor, batch_size: int, *, seed: int, epoch: int) -> list[list[int]]:
    """Every utterance once, utterances of like length together, batches in random order.

    Utterances are sorted by length × U(0.9, 1.1), cut into batches, and the batches are shuffled: little
    padding, yet other neighbours in every epoch.

    Args:
        lengths: of the utterances, in any unit, shape (N,), N > 0.
        batch_size: utterances of a batch, > 0; one batch may be smaller.
        seed: of the run.
        epoch: number of the epoch; another epoch gives other batches.

    Raises:
        ValueError: no utterance, or a batch size below 1.

    >>> batches = bucketed_batches(torch.tensor([90, 10, 11, 95]), 2, seed=0, epoch=1)
    >>> sorted(map(sorted, batches))
    [[0, 3], [1, 2]]
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be positive, got {batch_size}")
    if len(lengths) == 0:
        raise ValueError("lengths must name at least one utterance, got none")
    generator = torch.Generator().manual_seed(mix_seed(seed, epoch))
    stretch = 1 + _JITTER * (2 * torch.rand(len(lengths), generator=generator, dtype=torch.float64) - 1)
    order = (lengths.cpu().double() * stretch).argsort(stable=True)
    batches = [part.tolist() for part in order.split(batch_size)]
    return [batches[index] for index in torch.randperm(len(batches), generator=generator).tolist()]


def share_of_process(batch: list[int], rank: int, num_processes: int) -> tuple[list[int], int]:
    """Part of a batch that one process computes, and how many of its entries count.

    Every process gets at least one utterance, so that all of them take part in every step; one that would
    have none repeats the batch's first, with no entry counting.

    Args:
        batch: utterances of the whole batch, at least one.
        rank: number of the process, 0 … num_processes − 1.
        num_processes: how many there are.

    >>> share_of_process([5, 6, 7], 1, 2), share_of_process([5], 1, 2)
    (([6], 1), ([5], 0))
    """
    mine = batch[rank::num_processes]
    return (mine, len(mine)) if mine else (batch[:1], 0)


def mix_seed(*numbers: int) -> int:
    """One seed from several whole numbers ≥ 0, unlike for unlike ones; of 63 bits.

    >>> mix_seed(1, 2) == mix_seed(1, 2), mix_seed(1, 2) == mix_seed(2, 1)
    (True, False)

    Source: Steele, Lea and Flood (2014), SplitMix64.
    """
    state = 0
    for number in numbers:
        state = (state ^ number) + 0x9E3779B97F4A7C15 & (1 << 64) - 1
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
        state = (state ^ state >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
        state ^= state >> 31
    return state >> 1
