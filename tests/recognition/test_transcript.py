"""Transcripts and what JSON holds of them."""

import json

import pytest

from hnrc_lib.recognition import Transcript, Word


def test_a_transcript_is_its_words():
    transcript = Transcript((Word("GO", 0.0, 0.5, 0.9), Word("ON", 0.5, 1.5, 0.5)), 2.0)
    assert transcript.text == "GO ON"
    assert transcript.confidence == pytest.approx(0.7)
    assert transcript.words[1].middle == 1.0
    back = json.loads(json.dumps(transcript.as_dict()))
    assert back["text"] == "GO ON"
    assert back["words"][1] == {"text": "ON", "start": 0.5, "end": 1.5, "confidence": 0.5}


def test_an_empty_one_says_why():
    transcript = Transcript((), 1.0, "no speech: silence")
    assert (transcript.text, transcript.confidence, transcript.as_dict()["reason"]) == (
        "",
        0.0,
        "no speech: silence",
    )
