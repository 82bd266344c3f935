"""AN4: the real one where it is, and small trees like it for what can be wrong."""

import hashlib
from pathlib import Path

import pytest
import torch

from hnrc_lib.audio import AudioError, load_audio, write_audio
from hnrc_lib.datasets import Corpus, load_an4, load_an4_lexicon

TRAIN = {"an4_clstk/fash/an253-fash-b": "<s> GO </s>", "an4_clstk/mblb/cen1-mblb-b": "<s> H I  N </s>"}
TEST = {"an4test_clstk/fcaw/an406-fcaw-b": "RUBOUT G THREE"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of corpora with an AN4 of three utterances."""
    folder = tmp_path / "an4"
    (folder / "etc").mkdir(parents=True)
    for part, said in (("train", TRAIN), ("test", TEST)):
        lines = [f"{text} ({file_id.rpartition('/')[2]})\n" for file_id, text in said.items()]
        (folder / f"etc/an4_{part}.fileids").write_text("\n".join(said) + "\n")
        (folder / f"etc/an4_{part}.transcription").write_text("".join(lines))
        for place, file_id in enumerate(said):
            path = folder / "wav" / f"{file_id}.wav"
            path.parent.mkdir(parents=True)
            write_audio(path, torch.full((1600 + 10 * place,), 0.25), 16000)
    (folder / "etc/an4.dic").write_text("GO    G OW\nA     AH\nA(2)  EY\n")
    return tmp_path


def test_an_utterance_is_what_lists_and_transcripts_say(tree: Path) -> None:
    train = load_an4("train", data_dir=tree)
    assert [(one.name, one.speaker, one.text) for one in train] == [
        ("an253-fash-b", "fash", "GO"),
        ("cen1-mblb-b", "mblb", "H I N"),
    ]
    one = train[1]
    assert (one.language, one.label, one.sample_rate, len(one.samples)) == ("en", None, 16000, 1610)
    content = (tree / "an4/wav/an4_clstk/mblb/cen1-mblb-b.wav").read_bytes()
    assert one.sha256 == hashlib.sha256(content).hexdigest()


def test_both_parts_are_the_parts_in_order(tree: Path) -> None:
    names = [[one.name for one in load_an4(part, data_dir=tree)] for part in ("train", "test", None)]
    assert names[2] == names[0] + names[1]
    assert load_an4("test", data_dir=tree)[0].text == "RUBOUT G THREE"


def test_what_is_absent_is_said(tree: Path) -> None:
    assert load_an4(data_dir=tree).missing == (
        "AN4 train: 946 of 948 utterances are absent from etc/an4_train.fileids",
        "AN4 test: 129 of 130 utterances are absent from etc/an4_test.fileids",
    )


def test_the_folder_may_be_an4_itself_and_the_variable_may_name_it(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HNRC_DATA_DIR", str(tree / "an4"))
    assert len(load_an4()) == 3


def test_without_it_the_message_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HNRC_DATA_DIR", raising=False)
    with pytest.raises(FileNotFoundError, match=r"AN4 is needed.*not set; get it with: hnrc data fetch an4"):
        load_an4()
    with pytest.raises(FileNotFoundError, match=r"no an4/etc/an4_\*\.fileids in"):
        load_an4_lexicon(tmp_path)


def test_another_split_is_refused(tree: Path) -> None:
    with pytest.raises(ValueError, match="split must be 'train', 'test' or None, got 'dev'"):
        load_an4("dev", data_dir=tree)


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("fileids", "cen1-mblb-b", r"train\.fileids:2: folder/speaker/name expected, got 'cen1-mblb-b'"),
        ("fileids", "../../../etc/passwd", r"train\.fileids:2: folder/speaker/name expected"),
        ("fileids", "an4_clstk/mblb/no-b", r"transcription:2: the transcript of 'no-b' expected, as .*ids:2"),
        ("transcription", "H I N", r"train\.transcription:2: words and \(name\) expected, got 'H I N'"),
        ("transcription", "<s> </s> (cen1-mblb-b)", r"train\.transcription:2: words and \(name\) expected"),
        ("transcription", "H 1 (cen1-mblb-b)", r"train\.transcription:2: words and \(name\) expected"),
        ("transcription", "H (an253-fash-b)", r"transcript of 'cen1-mblb-b' expected.*got 'an253-fash-b'"),
        ("transcription", "", r"transcription must have a line for each of .*: 2, got 1"),
    ],
)
def test_a_wrong_line_is_named(tree: Path, file: str, line: str, message: str) -> None:
    path = tree / f"an4/etc/an4_train.{file}"
    path.write_text(path.read_text().splitlines()[0] + f"\n{line}\n")
    with pytest.raises(ValueError, match=message):
        load_an4(data_dir=tree)


def test_an_id_without_recording_is_named_with_its_line(tree: Path) -> None:
    (tree / "an4/wav/an4_clstk/mblb/cen1-mblb-b.wav").unlink()
    with pytest.raises(ValueError, match=r"fileids:2: no recording wav/an4_clstk/mblb/cen1-mblb-b\.wav"):
        load_an4("train", data_dir=tree)


def test_an_absent_or_unreadable_list_is_named(tree: Path) -> None:
    path = tree / "an4/etc/an4_test.transcription"
    path.write_bytes(b"\xff\xfe GO (x)")
    with pytest.raises(ValueError, match=r"an4_test\.transcription must be text in UTF-8"):
        load_an4("test", data_dir=tree)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no .*an4_test\.transcription"):
        load_an4("test", data_dir=tree)


def test_damaged_recordings_are_all_named(tree: Path) -> None:
    for path in (tree / "an4/wav/an4_clstk").rglob("*.wav"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(AudioError, match=r"2 recordings cannot be used:\n.*fash-b\.wav.*\n.*mblb-b\.wav"):
        load_an4("train", data_dir=tree)


def test_flac_copies_are_the_same_samples(tree: Path) -> None:
    original = load_an4(data_dir=tree)
    for path in (tree / "an4/wav").rglob("*.wav"):
        write_audio(path.with_suffix(".flac"), load_audio(path).samples, 16000)
        path.unlink()
    copy = load_an4(data_dir=tree)
    assert [one.name for one in copy] == [one.name for one in original]
    assert all(torch.equal(ours.samples, theirs.samples) for ours, theirs in zip(copy, original, strict=True))


def test_alternates_join_their_word(tree: Path) -> None:
    assert load_an4_lexicon(tree) == {"GO": (("G", "OW"),), "A": (("AH",), ("EY",))}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("STOP", r"an4\.dic:4: a word and its phones expected, got 'STOP'"),
        ("STOP S t AA P", r"an4\.dic:4: a word and its phones"),
        ("STOP(2) S T AA P", r"an4\.dic:4: STOP itself must come before its alternate"),
        ("A(3) EY", r"an4\.dic:4: pronunciations of a word must differ"),
    ],
)
def test_a_wrong_entry_is_named(tree: Path, line: str, message: str) -> None:
    with (tree / "an4/etc/an4.dic").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match=message):
        load_an4_lexicon(tree)


def test_an_absent_dictionary_is_named(tree: Path) -> None:
    (tree / "an4/etc/an4.dic").unlink()
    with pytest.raises(FileNotFoundError, match=r"AN4's dictionary is needed, but there is no .*an4\.dic"):
        load_an4_lexicon(tree)


@pytest.mark.speech
def test_the_real_corpus_is_as_published(an4: Corpus) -> None:
    lexicon, test = load_an4_lexicon(), load_an4("test")
    train = an4[: len(an4) - len(test)]
    assert (len(train), len(test), an4.missing, test.missing) == (948, 130, (), ())
    assert [one.name for one in an4][948:] == [one.name for one in test]
    assert (len(train.speakers), len(test.speakers)) == (74, 10)
    assert set(train.speakers).isdisjoint(test.speakers)
    assert {one.sample_rate for one in an4} == {16000}
    # The reference words that SphinxTrain's tutorial reports for the test set.
    assert sum(len(one.text.split()) for one in test) == 773
    assert {word for one in an4 for word in one.text.split()} == set(lexicon)
    assert (len(lexicon), sum(map(len, lexicon.values()))) == (101, 130)
    assert train.where(name="an255-fash-b")[0].text == "U M N Y H SIX"
