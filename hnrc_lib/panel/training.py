"""One training of the panel, in a thread of its own, that can be stopped."""

import logging
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.engine import RunResult, run_recipe
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.report import StepReport

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        state: ``"finished"``, ``"stopped"``, ``"diverged"`` (ten steps in a row were not finite) or
            ``"failed"``.
        test_error: fraction of the test part that was misread; None unless finished.
        seconds: wall-clock time of the steps.
        message: what went wrong, or empty.
    """

    state: str
    test_error: float | None
    seconds: float
    message: str = ""


class TrainingRun:
    """A recipe trained in a thread; nothing of it is kept on disk.

    Args:
        recipe: what to train.
        on_step: called in the thread after every step.
        on_end: called in the thread once, when the training has ended in whatever way.
        data_dir: folder of corpora, where the recipe's is not shipped.
        parts: of the corpus, where they are not the recipe's own.

    >>> from hnrc_lib.panel.settings import PanelSettings
    >>> losses = []
    >>> run = TrainingRun(PanelSettings(epochs=1).recipe(), lambda report: losses.append(report.loss),
    ...                   lambda outcome: print(outcome.state))
    >>> run.start(); run.stop(); run.join()
    stopped
    """

    def __init__(
        self,
        recipe: Recipe,
        on_step: Callable[[StepReport], None],
        on_end: Callable[[Outcome], None],
        data_dir: str | Path | None = None,
        parts: Parts | None = None,
    ) -> None:
        self._recipe, self._on_end, self._parts = recipe, on_end, parts
        self._stop = threading.Event()
        self._options = RunOptions(data_dir=data_dir, stop=self._stop.is_set, progress=on_step)
        self._thread = threading.Thread(target=self._train, name="training", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it is under way."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin, once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end after the step under way."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, or for so many seconds."""
        self._thread.join(timeout)

    def _train(self) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="hnrc-panel-") as folder:
                outcome = _outcome(run_recipe(self._recipe, Path(folder), self._options, parts=self._parts))
        except FloatingPointError as error:
            outcome = Outcome("diverged", None, 0.0, str(error))
        except Exception as error:  # the reader sees it in the panel, its trace is in the log
            _logger.exception("training of the panel failed")
            outcome = Outcome("failed", None, 0.0, f"{type(error).__name__}: {error}")
        self._on_end(outcome)


def _outcome(result: RunResult) -> Outcome:
    if not result.finished:
        return Outcome("stopped", None, result.state.seconds)
    assert result.test is not None
    return Outcome("finished", result.test.word_error, result.state.seconds)
