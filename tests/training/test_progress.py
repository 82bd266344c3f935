import io

import pytest

from hnrc_lib.training import EpochReport, console_progress

REPORTS = [
    EpochReport(1, 2, 2.25, 0.25, 2.0, 0.5, True, 1.5, 1.5),
    EpochReport(2, 2, 1.0, 0.75, 2.5, 0.4, False, 3.0, 0.0),
]


def test_without_a_terminal_each_epoch_is_one_plain_line():
    stream = io.StringIO()
    with console_progress(stream) as show:
        for report in REPORTS:
            show(report)
    assert stream.getvalue().splitlines() == [
        "epoch 1/2: train loss 2.2500, accuracy 0.250; validation loss 2.0000, accuracy 0.500 (best); "
        "1.5 s, at most 2 s to go",
        "epoch 2/2: train loss 1.0000, accuracy 0.750; validation loss 2.5000, accuracy 0.400; "
        "3.0 s, at most 0 s to go",
    ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_a_live_bar_says_the_same():
    stream = Terminal()
    with console_progress(stream) as show:
        for report in REPORTS:
            show(report)
    drawn = stream.getvalue()
    assert "\x1b[" in drawn
    assert "2/2 · loss 2.5000 · accuracy 0.400 · ≤ 0 s to go" in drawn


def fail_after_one_epoch(stream):
    with console_progress(stream) as show:
        show(REPORTS[0])
        raise FloatingPointError


def test_the_bar_is_taken_down_when_training_fails():
    stream = Terminal()
    with pytest.raises(FloatingPointError):
        fail_after_one_epoch(stream)
    # The cursor that the bar hid is shown again.
    assert stream.getvalue().rstrip().endswith("\x1b[?25h")
