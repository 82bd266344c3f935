"""What a reader's call answers, without the shape checks that the tests switch on: hence another process."""

import json
import subprocess
import sys

import pytest

CALLS = """
import json, sys, warnings
import numpy as np, torch
from hnrc_lib.audio import *

def answer(call):
    try:
        return repr(eval(call))
    except Exception as error:
        return f"{type(error).__name__}: {error}"

print(json.dumps([answer(call) for call in json.load(sys.stdin)]))
"""

INT16 = "torch.ones(900, dtype=torch.int16)"
SECONDS = "torch.zeros(2, 900)"
NOT_INT16 = (
    "TypeError: samples must be float32 or float64, got int16; divide integers by their full scale first"
)
ANSWERS = {
    f"remove_dc({INT16})": NOT_INT16,
    f"pre_emphasis({INT16})": NOT_INT16,
    f"frame_signal({INT16}, n_fft=8, hop_length=4)": NOT_INT16,
    f"power_spectrogram({INT16}, n_fft=8)": NOT_INT16,
    f"log_mel_spectrogram({INT16}, sample_rate=8000, n_fft=256)": NOT_INT16,
    f"mfcc({INT16}, sample_rate=8000, n_fft=256)": NOT_INT16,
    "mfcc(torch.ones(900).half(), sample_rate=8000, n_fft=256)": (
        "TypeError: samples must be float32 or float64, got float16"
    ),
    "mfcc(torch.tensor(1.0), sample_rate=8000, n_fft=256)": (
        "ValueError: samples must have shape (..., samples) and not be empty, got ()"
    ),
    "compute_deltas(torch.ones(20))": (
        "ValueError: features must have shape (..., frames, features) and not be empty, got (20,)"
    ),
    "normalize_mean_variance(torch.ones(20, 0))": (
        "ValueError: features must have shape (..., frames, features) and not be empty, got (20, 0)"
    ),
    "cepstral_coefficients(torch.ones(2, 3, dtype=torch.int64), n_mfcc=2)": (
        "TypeError: log_mel must be float32 or float64, got int64; divide integers by their full scale first"
    ),
    f"remove_dc({SECONDS}, torch.tensor([1, 2, 3]))": (
        "ValueError: lengths must have the batch's shape (2,), got (3,)"
    ),
    f"mfcc({SECONDS}, sample_rate=8000, n_fft=256, lengths=torch.tensor([1.0, 2.0]))": (
        "ValueError: lengths must be integers, got float32"
    ),
    "num_frames(800, n_fft=200.5, hop_length=80)": "ValueError: n_fft must be a positive integer, got 200.5",
    "num_frames(800, n_fft=True, hop_length=80)": "ValueError: n_fft must be a positive integer, got True",
    "num_frames(800, n_fft=np.int64(200), hop_length=np.int32(80))": "11",
    f"mfcc({SECONDS}, sample_rate=8000, n_fft=256, f_min=20, power=2, lifter=22).shape": (
        "torch.Size([2, 15, 13])"
    ),
}


@pytest.fixture(scope="module")
def answers():
    process = subprocess.run(
        [sys.executable, "-c", CALLS],
        input=json.dumps(list(ANSWERS)),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(ANSWERS, json.loads(process.stdout), strict=True))


@pytest.mark.parametrize("call", ANSWERS)
def test_the_call_is_answered(call, answers):
    assert answers[call] == ANSWERS[call]
