"""Waveform → features, batched, differentiable, on the device of the input.

Samples have shape (..., T), features (..., frames, features). ``lengths`` gives the true size of each
utterance of a padded batch: its features are those of the utterance alone.
"""

from hnrc_lib.audio.blocks import read_blocks
from hnrc_lib.audio.cepstrum import cepstral_coefficients, mfcc
from hnrc_lib.audio.dc_offset import remove_dc
from hnrc_lib.audio.deltas import compute_deltas
from hnrc_lib.audio.emphasis import pre_emphasis
from hnrc_lib.audio.errors import AudioError
from hnrc_lib.audio.framing import frame_signal, num_frames
from hnrc_lib.audio.front_end import FrontEnd
from hnrc_lib.audio.io import BinaryStream, Waveform, load_audio, resample, write_audio
from hnrc_lib.audio.log_mel import LogMelOptions, log_mel_spectrogram
from hnrc_lib.audio.masking import length_mask
from hnrc_lib.audio.mel import hz_to_mel, mel_filter_bank, mel_to_hz, warped_mel_filter_banks
from hnrc_lib.audio.normalization import normalize_mean_variance
from hnrc_lib.audio.spectrum import power_spectrogram
from hnrc_lib.audio.stretch import stretch_time
from hnrc_lib.audio.window import analysis_window

__all__ = [
    "AudioError",
    "BinaryStream",
    "FrontEnd",
    "LogMelOptions",
    "Waveform",
    "analysis_window",
    "cepstral_coefficients",
    "compute_deltas",
    "frame_signal",
    "hz_to_mel",
    "length_mask",
    "load_audio",
    "log_mel_spectrogram",
    "mel_filter_bank",
    "mel_to_hz",
    "mfcc",
    "normalize_mean_variance",
    "num_frames",
    "power_spectrogram",
    "pre_emphasis",
    "read_blocks",
    "remove_dc",
    "resample",
    "stretch_time",
    "warped_mel_filter_banks",
    "write_audio",
]
