"""What a corpus is, and the corpora of the book."""

from hnrc_lib.datasets.corpus import Corpus, Utterance, leave_one_speaker_out
from hnrc_lib.datasets.digits import load_digits
from hnrc_lib.datasets.fsdd import load_fsdd
from hnrc_lib.datasets.spectrograms import spectrograms

__all__ = ["Corpus", "Utterance", "leave_one_speaker_out", "load_digits", "load_fsdd", "spectrograms"]
