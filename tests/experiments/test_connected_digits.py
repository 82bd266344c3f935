import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from fsdd_like import VOICES, write_fsdd_like

from hnrc_lib.datasets import Corpus, load_digits
from hnrc_lib.experiments import connected_digits
from hnrc_lib.experiments.connected_digits import MOST_DIGITS, Config
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training import corpora
from hnrc_lib.training.recipes import make_recipe

SPEAKERS = sorted(VOICES.values())
WAYS = ("", "agreed_", "compared_", "compared_agreed_", "both_agreed_")
STRINGS = {"train": 48, "validation": 8, "test": 42}
QUICK = Config(
    changes={
        "max_epochs": 2,
        "average_last": 0,
        "batch_size": 16,
        "model": {"hidden_size": 12, "num_layers": 1, "channels": 4},
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def record(tmp_path_factory, folder):
    data_dir = write_fsdd_like(tmp_path_factory.mktemp("corpora"))
    with pytest.MonkeyPatch.context() as patch:
        for part, count in STRINGS.items():
            patch.setitem(corpora._STRINGS, part, count)
        patch.setattr(corpora, "_VOICE_STRINGS", 16)
        patch.setattr(corpora, "_AN4_STRINGS", 16)
        patch.setattr(corpora, "load_an4_digits", lambda **_: an4_like())
        return connected_digits.run(QUICK, data_dir=data_dir, folder=folder)


def an4_like():
    """Two further voices in place of those of AN4."""
    voices = load_digits(language="en").where(speaker=["en-f2", "en-f3"])
    return Corpus("two voices", [replace(one, name=f"an4-{one.name}") for one in voices])


@pytest.mark.parametrize("way", WAYS)
def test_every_speaker_is_held_out_once_and_all_strings_are_counted(record, folder, way):
    scalars = record.scalars
    assert sorted(path.name for path in folder.iterdir()) == sorted([*SPEAKERS, "compared"])
    assert sorted(path.name for path in (folder / "compared").iterdir()) == SPEAKERS
    assert scalars["num_strings"] == 3 * STRINGS["test"]
    rates = [scalars[f"{way}wer_{speaker}"] for speaker in SPEAKERS]
    assert scalars[f"{way}wer_mean"] == pytest.approx(sum(rates) / 3)
    assert scalars[f"{way}wer_deviation"] == pytest.approx(np.std(rates, ddof=1))
    assert min(rates) <= scalars[f"{way}wer_all"] <= max(rates)
    assert scalars[f"{way}wer_all_low"] <= scalars[f"{way}wer_all"] <= scalars[f"{way}wer_all_high"]
    assert record.arrays["wer_by_digits"].shape == (MOST_DIGITS,)


def test_rates_by_number_of_digits_are_over_strings_of_that_many():
    references = ["one", "two", *(" ".join(["one"] * count) for count in range(2, MOST_DIGITS + 1))]
    heard = ["one", "three", *references[2:]]
    heard[-1] = "one"
    expected = [0.5, 0, 0, 0, 0, 0, (MOST_DIGITS - 1) / MOST_DIGITS]
    np.testing.assert_allclose(connected_digits._by_digits(references, heard), expected)


def test_the_record_tells_what_was_run_and_saves_and_loads(record, tmp_path):
    recipe = make_recipe("connected-digits-ctc", "full", QUICK.changes | {"held_out": SPEAKERS[0]})
    where = record.provenance
    assert where.config["recipe"] == recipe.as_dict()
    assert where.scale == "reduced"
    assert where.corpus.startswith(
        "FSDD strings of 1 to 7 digits, 3 of 6 speakers, each held out in turn, and 20 synthetic voices"
    )
    assert (
        record.scalars["steps"] == 3 * 2 * 4
    )  # speakers, epochs, batches of 48 strings and 16 of synthetic voices
    assert record.arrays["train_loss"][-1] < record.arrays["train_loss"][0]
    record.save(tmp_path)
    assert load_record("connected_digits", tmp_path).scalars == record.scalars


def test_the_committed_record_is_the_default_configuration_on_real_speech():
    record = load_record("connected_digits")
    scalars, where = record.scalars, record.provenance
    recipe = make_recipe("connected-digits-ctc", "full", {"held_out": "george"})
    assert where.config == json.loads(json.dumps(asdict(Config()))) | {"recipe": recipe.as_dict()}
    assert where.scale == "full"
    assert where.corpus.startswith(
        "FSDD strings of 1 to 7 digits, 5 of 6 speakers, each held out in turn, and 20 synthetic voices"
    )
    assert (scalars["num_strings"], scalars["skipped_steps"]) == (5 * 300, 0)
    rates = [scalars[f"wer_{name}"] for name in ("george", "jackson", "lucas", "nicolas", "yweweler")]
    assert scalars["wer_mean"] == pytest.approx(sum(rates) / 5)
    assert scalars["both_agreed_wer_mean"] <= 0.10
    assert scalars["agreed_wer_all"] < scalars["wer_all"]
    assert scalars["compared_agreed_wer_all"] < scalars["compared_wer_all"]
