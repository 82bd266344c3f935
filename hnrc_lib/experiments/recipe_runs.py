"""What experiments that train by a recipe share: where they train, and what their records say of it."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hnrc_lib.datasets import Corpus
from hnrc_lib.experiments.record import Provenance, current_commit, environment
from hnrc_lib.models import num_parameters
from hnrc_lib.sequence import Reading
from hnrc_lib.training.corpora import each_held_out
from hnrc_lib.training.engine import RunResult, run_recipe
from hnrc_lib.training.measures import outputs_by_length
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipes import make_recipe
from hnrc_lib.training.resident import ResidentCorpus

_BATCH = 32


@contextmanager
def run_folder(folder: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The folder named, whose runs go on and stay, or a temporary one."""
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def held_out_in_turn(
    name: str, changes: Mapping[str, Any], where: Path, options: RunOptions
) -> list[RunResult]:
    """One full run of a recipe for each speaker of its corpus held out, in a folder of the speaker's name."""
    recipe = make_recipe(name, "full", changes)
    return [
        run_recipe(replace(recipe, held_out=speaker), where / speaker, options, parts=parts)
        for speaker, parts in each_held_out(recipe.corpus, data_dir=options.data_dir)
    ]


def describe_runs(corpus: str, results: Sequence[RunResult], config: dict[str, Any]) -> Provenance:
    """Provenance of runs of one recipe on parts of one corpus."""
    recipe, parts = results[0].recipe, results[0].parts
    used = {part.manifest_sha256 for part in (parts.train, parts.validation, parts.test)}
    model = dict(recipe.model)
    sizes = ", ".join(f"{name} {value}" for name, value in model.items())
    size = f"{num_parameters(results[0].model):,} parameters"
    described = f"{recipe.architecture}{f' ({sizes})' if sizes else ''}, {size}"
    return Provenance(
        corpus=corpus,
        manifest_sha256=" ".join(sorted(used)),
        model=described,
        versions=environment(),
        device=str(next(results[0].model.parameters()).device),
        seed=recipe.seed,
        commit=current_commit(),
        seconds=round(sum(result.state.seconds for result in results), 2),
        scale="full",
        config=config | {"recipe": recipe.as_dict()},
    )


def costs(results: Sequence[RunResult]) -> dict[str, float | int]:
    """Steps, CPU seconds and pace of runs together."""
    cpu = sum(result.state.cpu_seconds for result in results)
    return {
        "steps": sum(result.state.step for result in results),
        "cpu_seconds": round(cpu, 1),
        "utterances_per_cpu_second": round(sum(result.state.utterances for result in results) / cpu, 1),
        "skipped_steps": sum(result.state.skipped for result in results),
        "num_parameters": num_parameters(results[0].model),
    }


def curves(result: RunResult) -> dict[str, np.ndarray]:
    """Training loss and norm of the gradient at every step; validation after every epoch."""
    state = result.state
    return {
        "train_loss": np.array(state.losses),
        "grad_norm": np.array(state.grad_norms),
        "validation_loss": np.array([epoch.validation_loss for epoch in state.epochs]),
        "validation_error": np.array([epoch.validation_error for epoch in state.epochs]),
    }


def features_of(result: RunResult, part: str) -> tuple[Tensor, Tensor]:
    """Features of every utterance of a part of a run's corpus, all of one size, and labels."""
    corpus = getattr(result.parts, part)
    resident = ResidentCorpus(corpus, result.recipe.front_end)
    everything = torch.arange(len(corpus))
    pieces = [
        result.recipe.front_end.features(*resident.spectra(chosen))[0] for chosen in everything.split(256)
    ]
    return torch.cat(pieces), torch.tensor(corpus.labels)


@torch.no_grad()
def utterance_log_probs(
    result: RunResult, resident: ResidentCorpus, vocal_tract: float | None = None
) -> Reading:
    """Log-probabilities (T, N, C) of a run's model on a corpus, and the frames of each utterance.

    Args:
        result: whose model reads.
        resident: the corpus.
        vocal_tract: factor on the resonances, > 0; heard as recorded when None.
    """
    pieces: list[Tensor] = [torch.empty(0)] * len(resident)
    for chosen, logits, heard in outputs_by_length(result.model, resident, _BATCH, vocal_tract=vocal_tract):
        log_probs = logits.log_softmax(dim=-1)
        for index, scores, size in zip(chosen.tolist(), log_probs, heard.tolist(), strict=True):
            pieces[index] = scores[:size].cpu()
    lengths = torch.tensor([len(piece) for piece in pieces])
    return Reading(torch.nn.utils.rnn.pad_sequence(pieces), lengths)


def readings_of(
    result: RunResult, corpus: Corpus, vocal_tracts: Sequence[float | None] = (None,)
) -> list[Reading]:
    """What a run's model hears in a corpus as if each of several vocal tracts had spoken; None: as it is."""
    device = next(result.model.parameters()).device
    resident = ResidentCorpus(corpus, result.recipe.front_end, device)
    return [utterance_log_probs(result, resident, tract) for tract in vocal_tracts]
