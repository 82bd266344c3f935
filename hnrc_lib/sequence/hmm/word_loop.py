"""Words one after another, each a chain of states, weighed by scores of word pairs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.hmm.arcs import FORBIDDEN, IMPOSSIBLE, log_probs
from hnrc_lib.sequence.hmm.arguments import check_lengths


class DecodedWords(NamedTuple):
    """words: indices of what was said, utterance by utterance; none where no path exists.

    starts: the frame at which each word begins. score: that of the best path, (N,), −inf where none exists.
    """

    words: list[list[int]]
    starts: list[list[int]]
    score: Float[Tensor, " batch"]


class PairScores(NamedTuple):
    """Log-scores of word pairs: of beginning with a word, of one after another, and of ending after one.

    entering: shape (W,). following: from row to column, shape (W, W). ending: shape (W,). −inf forbids.
    """

    entering: Float[Tensor, " words"]
    following: Float[Tensor, "words words"]
    ending: Float[Tensor, " words"]


class _Note(NamedTuple):
    """What is written down at a frame: the chain left before a chain entered now, and when it was entered."""

    before: Int[Tensor, "batch chains"]
    entered: Int[Tensor, "batch chains"]


@dataclass(frozen=True, eq=False)
class WordLoop:
    """Every pronunciation as a chain of states with an optional pause behind it; made by ``word_loop``.

    Attributes:
        emissions: index of each state's emission, chain after chain, shape (S,).
        staying, moving: log-probability of staying in a state and of coming from the state before it,
            shape (S,); the first of a chain has none before it.
        bounds: states at which a chain begins, its word ends and its pause ends, shape (3, P).
        leaving: log-probability of leaving from the last two, shape (2, P).
        words: word of each chain, shape (P,); −1 is silence before the first word.
        pairs: scores of beginning with, following and ending with chains, sizes P.
    """

    emissions: Int[Tensor, " states"]
    staying: Float[Tensor, " states"]
    moving: Float[Tensor, " states"]
    bounds: Int[Tensor, "three chains"]
    leaving: Float[Tensor, "two chains"]
    words: Int[Tensor, " chains"]
    pairs: PairScores

    def decode(
        self,
        scores: Float[Tensor, "batch frames emissions"],
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> DecodedWords:
        """The best string of words of each utterance, in float64: ``viterbi`` of the whole graph.

            exit_t(p) = max(leaving the last state, leaving the pause behind it)
            enter_t(q) = max_p exit_{t−1}(p) + following(p, q)

        A token carries the frame at which it entered its chain, so that one note per frame and chain is
        enough to read the words back.

        Args:
            scores: log-likelihood of each emission at each frame, shape (N, T, E).
            lengths: frames of each utterance, 1 … T; T when left out.

        Returns:
            Words, where they begin, and the score.

        Raises:
            TypeError, ValueError: lengths that do not fit.

        >>> pairs = PairScores(torch.zeros(2), torch.zeros(2, 2), torch.zeros(2))
        >>> loop = word_loop([(0, [0, 1]), (1, [2])], pairs)
        >>> heard = torch.full((1, 5, 3), -9.0)
        >>> heard[0, range(5), [2, 0, 1, 1, 2]] = 0
        >>> loop.decode(heard).words, loop.decode(heard).starts
        ([[1, 0, 1]], [[0, 1, 4]])

        Source: Young, Russell and Thornton, Token passing (1989).
        """
        batch, frames = scores.shape[:2]
        sizes = check_lengths(lengths, batch, frames).to(scores.device)
        scores = scores.double().clamp(min=FORBIDDEN)
        first = self.bounds[0]
        token = scores.new_full((batch, len(self.emissions)), FORBIDDEN)
        token[:, first] = self.pairs.entering
        token += scores[:, 0, self.emissions]
        since = torch.zeros_like(token, dtype=torch.int32)
        notes = []
        ended, last = self._exits(token, since)
        for t in range(1, frames):
            into, before = (ended.unsqueeze(2) + self.pairs.following).max(1)
            notes.append(_Note(before.to(torch.int16), last))
            token, since = self._advance(token, since, into, t)
            token += scores[:, t, self.emissions]
            going = (t < sizes).unsqueeze(1)
            now_ended, now_last = self._exits(token, since)
            ended, last = torch.where(going, now_ended, ended), torch.where(going, now_last, last)
        score, chain = (ended + self.pairs.ending).max(1)
        lost = score < IMPOSSIBLE
        read = [
            ([], []) if gone else self._read_back(notes, index, best, int(last[index, best]))
            for index, (gone, best) in enumerate(zip(lost.tolist(), chain.tolist(), strict=True))
        ]
        words, starts = ([list(part) for part in column] for column in zip(*read, strict=True))
        return DecodedWords(words, starts, score.masked_fill(lost, -torch.inf))

    def _advance(self, token: Tensor, since: Tensor, into: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """Tokens one frame on: stay, come from the state before, or enter the chain."""
        stayed, stepped = token + self.staying, token.roll(1, 1) + self.moving
        stepped_since = since.roll(1, 1)
        stepped[:, self.bounds[0]] = into
        stepped_since[:, self.bounds[0]] = t
        moved = stepped > stayed
        return torch.where(moved, stepped, stayed), torch.where(moved, stepped_since, since)

    def _exits(self, token: Tensor, since: Tensor) -> tuple[Tensor, Tensor]:
        """Score of leaving each chain after this frame, and when the chain had been entered."""
        leaving = token[:, self.bounds[1:]] + self.leaving
        best, which = leaving.max(1)
        entered = since[:, self.bounds[1:]].gather(1, which.unsqueeze(1)).squeeze(1)
        return best, entered

    def _read_back(self, notes: list[_Note], index: int, chain: int, entered: int) -> tuple[list, list]:
        words, starts = [], []
        while True:
            if int(self.words[chain]) >= 0:
                words.append(int(self.words[chain]))
                starts.append(entered)
            if entered == 0:
                return words[::-1], starts[::-1]
            before, since = notes[entered - 1]
            chain = int(before[index, chain])
            entered = int(since[index, chain])


def word_loop(
    pronunciations: Sequence[tuple[int, Sequence[int]]],
    pairs: PairScores,
    *,
    pause: Sequence[int] = (),
    pause_prob: float = 0.5,
    stay: Float[Tensor, " emissions"] | float = 0.5,
) -> WordLoop:
    """Chains of all pronunciations, joined by the scores of word pairs.

    Args:
        pronunciations: word and the emissions of its states, at least one state each; a word may have
            several, equally probable.
        pairs: of the W words.
        pause: emissions of the states of the pause that may stand before the first word and after each.
        pause_prob: probability of that pause, 0 … 1.
        stay: probability of another frame in the same state; one number, or one per emission.

    Raises:
        ValueError: no pronunciations, one without a state, or a probability out of range.
    """
    if not pronunciations or any(len(states) == 0 for _, states in pronunciations):
        raise ValueError("pronunciations must hold one at least, each of one state at least")
    if pause and not 0 < pause_prob < 1:
        raise ValueError(f"pause_prob must lie in 0 … 1, ends excluded, got {pause_prob}")
    held = torch.as_tensor(stay, dtype=torch.float64)
    words = [word for word, _ in pronunciations]
    chains = [_chain(states, pause, pause_prob, held) for _, states in pronunciations]
    scores = _chain_scores(words, pairs)
    if pause:
        words.append(-1)
        chains.append(_chain(pause, (), pause_prob, held))
        scores = _with_silence(scores, pause_prob)
    sizes = torch.tensor([len(chain.emissions) for chain in chains])
    first = sizes.cumsum(0) - sizes
    last = first + torch.tensor([chain.spoken - 1 for chain in chains])
    emissions, staying, moving = (torch.cat(column) for column in list(zip(*chains, strict=True))[:3])
    leaving = torch.stack([chain.leaving for chain in chains], dim=1)
    bounds = torch.stack([first, last, first + sizes - 1])
    return WordLoop(emissions, staying, moving, bounds, leaving, torch.tensor(words), scores)


class _Chain(NamedTuple):
    emissions: Tensor
    staying: Tensor
    moving: Tensor
    leaving: Tensor
    spoken: int


def _chain(spoken: Sequence[int], pause: Sequence[int], pause_prob: float, stay: Tensor) -> _Chain:
    """States of one pronunciation and the pause behind it, with the logarithms of their moves."""
    emissions = torch.tensor([*spoken, *pause])
    held = stay.expand(len(emissions)) if stay.dim() == 0 else stay[emissions]
    on = log_probs(1 - held)
    moving = torch.cat([on.new_full((1,), FORBIDDEN), on[:-1]])
    leaving = torch.stack([on[len(spoken) - 1], on.new_tensor(FORBIDDEN)])
    if pause:
        moving[len(spoken)] += math.log(pause_prob)
        leaving = torch.stack([leaving[0] + math.log(1 - pause_prob), on[-1]])
    return _Chain(emissions, log_probs(held), moving, leaving, len(spoken))


def _chain_scores(words: list[int], pairs: PairScores) -> PairScores:
    """Scores of word pairs read off for chains; the pronunciations of a word share its probability."""
    index = torch.tensor(words)
    share = -torch.tensor([float(words.count(word)) for word in words], dtype=torch.float64).log()
    entering, following, ending = (part.double().clamp(min=FORBIDDEN) for part in pairs)
    return PairScores(entering[index] + share, following[index][:, index] + share, ending[index])


def _with_silence(pairs: PairScores, prob: float) -> PairScores:
    """One more chain, which only the start leads to and which ends nowhere."""
    chains = len(pairs.entering)
    following = pairs.entering.new_full((chains + 1, chains + 1), FORBIDDEN)
    following[:chains, :chains] = pairs.following
    following[chains, :chains] = pairs.entering
    silence = pairs.entering.new_tensor([math.log(prob)])
    entering = torch.cat([pairs.entering + math.log(1 - prob), silence])
    return PairScores(entering, following, torch.cat([pairs.ending, silence.new_tensor([FORBIDDEN])]))
