"""Training as a plain loop has it: a DataLoader whose data set computes features utterance by utterance."""

from collections.abc import Sequence

import librosa
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Utterance
from hnrc_lib.models import apply_model, output_lengths
from hnrc_lib.training.augmentation import Augmentation
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.tasks import CTCTask, Task

Example = tuple[Tensor, Tensor]
_SILENCE = 1e-10


def features(samples: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """Features (F, T) of a waveform by librosa: what ``FrontEnd`` computes, but its unbiased slopes."""
    if front_end.trim_db is not None:
        samples, _ = librosa.effects.trim(
            samples,
            top_db=front_end.trim_db,
            frame_length=front_end.win_length,
            hop_length=front_end.hop_length,
        )
    mel = librosa.feature.melspectrogram(
        y=samples,
        sr=front_end.sample_rate,
        n_fft=front_end.n_fft,
        win_length=front_end.win_length,
        hop_length=front_end.hop_length,
        n_mels=front_end.n_mels,
    )
    floor = front_end.floor
    if front_end.dynamic_range_db is not None:
        floor += mel.max() * 10 ** (-front_end.dynamic_range_db / 10)
    mel = np.log(mel + floor)
    if front_end.num_frames is not None:
        places = np.linspace(0, mel.shape[1] - 1, front_end.num_frames)
        mel = np.stack([np.interp(places, np.arange(mel.shape[1]), band) for band in mel])
    slopes = [
        librosa.feature.delta(mel, order=order, mode="nearest")
        for order in range(1, front_end.delta_order + 1)
    ]
    stacked = np.concatenate([mel, *slopes])
    stacked = stacked - stacked.mean(axis=1, keepdims=True)
    return stacked / (stacked.std(axis=1, keepdims=True) + 1e-5) if front_end.variance else stacked


class Spoken(Dataset[Example]):
    """Waveforms that are changed, transformed and masked as they are asked for.

    Args:
        utterances: in memory already.
        targets: symbols of each.
        recipe: front end and augmentation.
    """

    def __init__(self, utterances: Sequence[Utterance], targets: Sequence[Tensor], recipe: Recipe) -> None:
        self.waveforms = [utterance.samples.numpy() for utterance in utterances]
        self.targets, self.front_end, self.limits = targets, recipe.front_end, recipe.augmentation
        self.random = np.random.default_rng(recipe.seed)

    def __len__(self) -> int:
        return len(self.waveforms)

    def __getitem__(self, index: int) -> Example:
        changed = augmented(self.waveforms[index], self.front_end.sample_rate, self.limits, self.random)
        made = masked(features(changed, self.front_end), self.front_end.n_mels, self.limits, self.random)
        return torch.from_numpy(np.ascontiguousarray(made.T)).float(), self.targets[index]


def augmented(
    samples: np.ndarray, sample_rate: int, limits: Augmentation, random: np.random.Generator
) -> np.ndarray:
    """Another pitch, another tempo, white noise: each where the limits have it."""
    if limits.vocal_tract:
        steps = 12 * np.log2(1 + limits.vocal_tract * random.uniform(-1, 1))
        samples = librosa.effects.pitch_shift(samples, sr=sample_rate, n_steps=steps)
    if limits.tempo:
        rate = 1 + limits.tempo * random.uniform(-1, 1)
        samples = librosa.effects.time_stretch(samples, rate=rate)
    if random.random() < limits.noise_probability:
        noise = random.standard_normal(len(samples), dtype=np.float32)
        power = np.mean(samples**2) * 10 ** (-random.uniform(*limits.snr_db) / 10)
        samples = samples + noise * np.float32(np.sqrt(power + _SILENCE))
    return samples


def masked(made: np.ndarray, bands: int, limits: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Bands and stretches of time blanked, in place."""
    for _ in range(limits.frequency_masks):
        width = random.integers(int(limits.frequency_width * bands) + 1)
        start = random.integers(bands - width + 1)
        made.reshape(-1, bands, made.shape[1])[:, start : start + width] = 0
    for _ in range(limits.time_masks):
        width = random.integers(int(limits.time_width * made.shape[1]) + 1)
        start = random.integers(made.shape[1] - width + 1)
        made[:, start : start + width] = 0
    return made


def collate(batch: list[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features and targets padded, with their lengths."""
    spoken, targets = zip(*batch, strict=True)
    return (
        nn.utils.rnn.pad_sequence(spoken, batch_first=True),
        torch.tensor([len(one) for one in spoken]),
        nn.utils.rnn.pad_sequence(targets, batch_first=True),
        torch.tensor([len(one) for one in targets]),
    )


class PlainLoop:
    """Model, optimiser and loader; a pass over the data as tutorials write it.

    Args:
        utterances: what is trained on.
        recipe: batch size, rate, clipping, front end, augmentation.
        task: symbols of the utterances.
        model: trained in place.
        device: where the model goes, and every batch once it is made.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        recipe: Recipe,
        task: Task,
        model: nn.Module,
        device: str = "cpu",
    ) -> None:
        self.model, self.clip, self.by_time = model.to(device), recipe.clip, isinstance(task, CTCTask)
        self.device = device
        if isinstance(task, CTCTask):
            targets = [torch.tensor(task.vocabulary.encode(utterance.text)) for utterance in utterances]
        else:
            targets = [torch.tensor([utterance.label]) for utterance in utterances]
        data = Spoken(utterances, targets, recipe)
        self.loader = DataLoader(data, recipe.batch_size, shuffle=True, collate_fn=collate)
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )

    def epoch(self) -> float:
        """Train on every utterance once; the mean loss of the steps."""
        self.model.train()
        losses = []
        for batch in self.loader:
            self.optimizer.zero_grad()
            loss = self._loss(*(part.to(self.device) for part in batch))
            loss.backward()
            if self.clip is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
            self.optimizer.step()
            losses.append(loss.item())
        return sum(losses) / len(losses)

    def _loss(self, spoken: Tensor, frames: Tensor, targets: Tensor, sizes: Tensor) -> Tensor:
        logits = apply_model(self.model, spoken, frames)
        if not self.by_time:
            return functional.cross_entropy(logits, targets[:, 0])
        scores = logits.log_softmax(dim=-1).transpose(0, 1)
        heard = output_lengths(self.model, frames)
        return functional.ctc_loss(scores, targets, heard, sizes, zero_infinity=True)
