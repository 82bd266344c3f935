"""A run under way: data on the device, the loop over batches and epochs, checkpoints."""

import math
import time
from dataclasses import replace
from pathlib import Path

import torch

from hnrc_lib.models import output_lengths
from hnrc_lib.optim.clipping import make_clipping
from hnrc_lib.training.augmentation import Augmenter
from hnrc_lib.training.batching import bucketed_batches
from hnrc_lib.training.building import build_model, make_accelerator, make_task
from hnrc_lib.training.checkpoint import load_newest, save_checkpoint
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.kept_weights import Weights, fold_into_mean
from hnrc_lib.training.learner import Learner, StepOutcome
from hnrc_lib.training.measures import Measures, measure
from hnrc_lib.training.optimizers import make_optimizer
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.report import StepReport
from hnrc_lib.training.resident import ResidentCorpus, Rows
from hnrc_lib.training.run_state import EpochMeasures, RunState, kept_weights, restore
from hnrc_lib.training.schedule import rate_factor
from hnrc_lib.training.tasks import Task


class Run:
    """One recipe being trained in one folder.

    Args:
        recipe: what to train.
        output: folder of the run.
        options: how.
        parts: of the corpus.
        task: the loss and what outputs say; the recipe's own when None.
        start: initial weights; those of the recipe's seed when None.

    Raises:
        ValueError: every training utterance is too short for its text.
    """

    def __init__(
        self,
        recipe: Recipe,
        output: Path,
        options: RunOptions,
        parts: Parts,
        task: Task | None = None,
        start: Weights | None = None,
    ) -> None:
        self.recipe, self.options, self.folder = recipe, options, output / "checkpoints"
        train = parts.train if recipe.train_limit is None else parts.train[: recipe.train_limit]
        self.parts = replace(parts, train=train)
        self.accelerator = make_accelerator(recipe, output, options)
        device = self.accelerator.device
        with self.accelerator.main_process_first():
            self.task = task or make_task(recipe, parts, output / "gaussians")
        self.bare_model = build_model(recipe, self.task).to(device)
        if start is not None:
            self.bare_model.load_state_dict(start)
        self._train, self._validation = self._resident("train"), self._resident("validation")
        self._targets = self._encoded("train")
        self._kept = self._long_enough()
        self._validation_targets = self._encoded("validation")
        self.too_short = tuple(train[i].name for i in sorted(set(range(len(train))) - set(self._kept)))
        optimizer = make_optimizer(
            recipe.optimizer,
            self.bare_model.named_parameters(),
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            **recipe.optimizer_options,
        )
        self._model, self._optimizer = self.accelerator.prepare(self.bare_model, optimizer)
        self._clipping = make_clipping(recipe.clip)
        self._learner = Learner(
            self.accelerator,
            self._model,
            self._optimizer,
            self.task,
            self._train,
            self._targets,
            Augmenter(recipe.augmentation, recipe.front_end, recipe.seed, device),
            self._clipping,
        )
        self.state, self.damaged = self._resume()
        self._plan: tuple[int, list[list[int]]] = (0, [])

    @property
    def num_steps(self) -> int:
        """Steps of all epochs."""
        return self.recipe.max_epochs * math.ceil(len(self._kept) / self.recipe.batch_size)

    def train(self) -> bool:
        """Run to the end, or until asked to stop; whether the end was reached."""
        begun = saved = time.monotonic()
        cpu_begun = time.process_time()
        seconds_before, utterances_before = self.state.seconds, self.state.utterances
        cpu_before = self.state.cpu_seconds
        while not self._is_over():
            outcome = self._step()
            measures = self._end_epoch() if self.state.batch == len(self._batches()) else None
            now = time.monotonic()
            self.state.seconds = seconds_before + now - begun
            self.state.cpu_seconds = cpu_before + time.process_time() - cpu_begun
            self._report(outcome, measures, (self.state.utterances - utterances_before) / (now - begun))
            stop = self._agree(self.options.stop())
            if stop or now - saved >= self.options.checkpoint_seconds:
                self._save()
                saved = now
            if stop:
                return self._is_over()
        self._save()
        return True

    def finish(self) -> Measures:
        """Put the kept weights into the model and measure it on the test part."""
        self.bare_model.load_state_dict(kept_weights(self.state))
        self.bare_model.eval()
        parts, resident = self.parts, self._resident("test")
        test = measure(self.bare_model, self.task, parts.test, resident, self._encoded("test"))
        self.accelerator.end_training()
        return test

    def _resident(self, part: str) -> ResidentCorpus:
        corpus, front_end = getattr(self.parts, part), self.recipe.front_end
        return ResidentCorpus(corpus, front_end, self.accelerator.device, self.options.spectra_budget)

    def _encoded(self, part: str) -> Rows:
        return self.task.encode(getattr(self.parts, part), self.accelerator.device)

    def _long_enough(self) -> list[int]:
        """Training utterances that have frames for their texts, spoken as fast as augmentation makes them."""
        if self.recipe.front_end.num_frames is not None:
            return list(range(len(self._train)))
        frames = (self._train.frames / self.recipe.augmentation.fastest).long().clamp(min=2)
        enough = output_lengths(self.bare_model, frames) >= self.task.needed_frames(self._targets)
        kept = enough.nonzero()[:, 0].tolist()
        if not kept:
            raise ValueError(f"every utterance of {self.parts.train.name!r} is too short for its text")
        return kept

    def _resume(self) -> tuple[RunState, list[str]]:
        checkpoint, damaged = load_newest(self.folder)
        if checkpoint is None:
            return RunState(), damaged
        state = restore(checkpoint, self.bare_model, self._optimizer, self.accelerator.scaler)
        if self._clipping is not None:
            self._clipping.load_state_dict(state.clipping)
        return state, damaged

    def _is_over(self) -> bool:
        state, patience = self.state, self.recipe.patience
        if state.epoch > self.recipe.max_epochs:
            return True
        return patience is not None and len(state.epochs) - state.best_epoch >= patience

    def _batches(self) -> list[list[int]]:
        """Batches of the epoch under way."""
        epoch = self.state.epoch
        if self._plan[0] != epoch:
            lengths = self._train.frames[self._kept]
            places = bucketed_batches(lengths, self.recipe.batch_size, seed=self.recipe.seed, epoch=epoch)
            self._plan = epoch, [[self._kept[place] for place in batch] for batch in places]
        return self._plan[1]

    def _step(self) -> StepOutcome:
        state, batch = self.state, self._batches()[self.state.batch]
        factor = rate_factor(self.recipe.schedule, state.step, self.num_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * factor
        outcome = self._learner.step(batch, state.epoch, state.step)
        state.step += 1
        state.batch += 1
        state.utterances += len(batch)
        state.skipped += outcome.skipped
        state.losses.append(outcome.loss)
        state.grad_norms.append(outcome.grad_norm)
        state.clipped.append(outcome.clipped)
        return outcome

    def _end_epoch(self) -> EpochMeasures:
        state, recipe = self.state, self.recipe
        corpus, resident, targets = self.parts.validation, self._validation, self._validation_targets
        found = measure(self.bare_model, self.task, corpus, resident, targets)
        losses, clipped = state.losses[-state.batch :], state.clipped[-state.batch :]
        finite = [loss for loss in losses if math.isfinite(loss)]
        measures = EpochMeasures(
            state.epoch,
            math.fsum(finite) / len(finite) if finite else math.nan,
            found.loss,
            found.error,
            found.word_error,
            sum(clipped) / len(clipped),
            self._optimizer.param_groups[0]["lr"],
        )
        state.epochs.append(measures)
        state.keep_best(found.error, self.bare_model)
        averaged = state.epoch - (recipe.max_epochs - recipe.average_last)
        if recipe.average_last and averaged > 0:
            fold_into_mean(state.average, self.bare_model, averaged)
        state.epoch, state.batch = state.epoch + 1, 0
        return measures

    def _report(self, outcome: StepOutcome, measures: EpochMeasures | None, pace: float) -> None:
        state = self.state
        epoch = measures.epoch if measures else state.epoch
        in_epoch = state.clipped[-state.batch :] if state.batch else state.clipped[-1:]
        remaining = (self.num_steps - state.step) * self.recipe.batch_size / pace
        report = StepReport(
            step=state.step,
            num_steps=self.num_steps,
            epoch=epoch,
            max_epochs=self.recipe.max_epochs,
            loss=outcome.loss,
            grad_norm=outcome.grad_norm,
            clipped_fraction=measures.clipped_fraction if measures else sum(in_epoch) / len(in_epoch),
            learning_rate=self._optimizer.param_groups[0]["lr"],
            damping=self._optimizer.param_groups[0].get("damping"),
            utterances_per_second=pace,
            remaining_seconds=remaining,
            finished_epoch=measures,
        )
        if self.accelerator.is_main_process:
            self.options.progress(report)
        if self.options.trackers:
            values = {
                "loss": outcome.loss,
                "grad_norm": outcome.grad_norm,
                "learning_rate": report.learning_rate,
            }
            if measures:
                values |= {
                    "validation_loss": measures.validation_loss,
                    "validation_error": measures.validation_error,
                }
            self.accelerator.log(values, step=state.step)

    def _agree(self, stop: bool) -> bool:
        """Whether any process was asked to stop: all must, or the others would wait for it."""
        if self.accelerator.num_processes == 1:
            return stop
        votes = self.accelerator.reduce(torch.tensor(float(stop), device=self.accelerator.device), "sum")
        return bool(float(votes) > 0)  # pyright: ignore[reportArgumentType]

    def _save(self) -> None:
        if self.accelerator.is_main_process:
            self.state.clipping = {} if self._clipping is None else self._clipping.state_dict()
            checkpoint = self.state.checkpoint(self.bare_model, self._optimizer, self.accelerator.scaler)
            save_checkpoint(self.folder, checkpoint)
        self.accelerator.wait_for_everyone()
