"""What a corpus is, and the corpora of the book."""

from hnrc_lib.datasets.an4 import load_an4, load_an4_lexicon
from hnrc_lib.datasets.an4_digits import load_an4_digits
from hnrc_lib.datasets.connected import connect_digits
from hnrc_lib.datasets.corpus import Corpus, Utterance, leave_one_speaker_out
from hnrc_lib.datasets.digits import load_digits
from hnrc_lib.datasets.fsdd import load_fsdd
from hnrc_lib.datasets.keywords import load_keywords
from hnrc_lib.datasets.spectrograms import spectrograms
from hnrc_lib.datasets.trimming import trim_silence

__all__ = [
    "Corpus",
    "Utterance",
    "connect_digits",
    "leave_one_speaker_out",
    "load_an4",
    "load_an4_digits",
    "load_an4_lexicon",
    "load_digits",
    "load_fsdd",
    "load_keywords",
    "spectrograms",
    "trim_silence",
]
