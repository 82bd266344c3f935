"""What a run shows: a line per epoch to a file, every step to a terminal."""

import io

from hnrc_lib.training.report import StepReport, run_progress
from hnrc_lib.training.run_state import EpochMeasures

DONE = EpochMeasures(2, 0.5, 0.25, 0.125, 0.0625, 0.75, 1e-3)


def report(finished: EpochMeasures | None, damping: float | None = None) -> StepReport:
    return StepReport(7, 20, 2, 5, 0.75, 1.5, 0.5, 1e-3, damping, 123.4, 61.0, finished)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_file_gets_one_plain_line_per_epoch():
    stream = io.StringIO()
    with run_progress(stream) as show:
        show(report(None))
        assert stream.getvalue() == ""
        show(report(DONE))
    assert stream.getvalue() == (
        "epoch 2/5: train loss 0.5000; validation loss 0.2500, error 0.1250, word error 0.0625; "
        "clipped 75%; 123 utterances/s, 61 s to go\n"
    )


def test_a_terminal_gets_loss_norm_clipping_damping_pace_and_time():
    stream = Terminal()
    with run_progress(stream) as show:
        show(report(None, damping=0.01))
        show(report(DONE))
    shown = stream.getvalue()
    assert "validation loss 0.2500" in shown
    line = str(report(None, damping=0.01))
    assert line == "2/5 · loss 0.7500 · ‖g‖ 1.5 · clipped 50% · λ 0.01 · 123 utt/s · 61 s to go"
    assert "λ" not in str(report(None))
