import pytest
import torch
from torch.nn.functional import ctc_loss as torch_ctc_loss

from hnrc_lib.sequence import ctc_alignment_posteriors, ctc_loss, ctc_loss_from_logits

SCORES = torch.zeros(4, 2, 3)
TARGETS = torch.tensor([[1, 2], [2, 1]])


def call(
    function=ctc_loss, scores=SCORES, targets=TARGETS, input_lengths=(4, 4), target_lengths=(2, 2), **options
):
    return function(scores, targets, input_lengths, target_lengths, **options)


def test_the_arguments_all_others_vary_are_good():
    assert call().isfinite()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"scores": SCORES.long()}, TypeError, "log_probs must be float32 or float64, got torch.int64"),
        ({"scores": SCORES.half()}, TypeError, "log_probs must be float32 or float64, got torch.float16"),
        (
            {"scores": SCORES[0, 0]},
            ValueError,
            r"log_probs must be \(time, batch, classes\) or \(time, classes\), got shape \(3,\)",
        ),
        ({"scores": SCORES[:0]}, ValueError, r"log_probs must not be empty, got shape \(0, 2, 3\)"),
        ({"reduction": "max"}, ValueError, "reduction must be 'none', 'sum' or 'mean', got 'max'"),
        ({"blank": 3}, ValueError, r"blank must be a class, 0 … 2, got 3"),
        ({"blank": -1}, ValueError, r"blank must be a class, 0 … 2, got -1"),
        ({"targets": TARGETS.float()}, TypeError, "targets must be integers, got torch.float32"),
        ({"input_lengths": torch.ones(2)}, TypeError, "input_lengths must be integers, got torch.float32"),
        (
            {"target_lengths": torch.ones(2).bool()},
            TypeError,
            "target_lengths must be integers, got torch.bool",
        ),
        ({"input_lengths": (4,)}, ValueError, "input_lengths must have 2 entries, one an utterance, got 1"),
        (
            {"target_lengths": (2, 2, 2)},
            ValueError,
            "target_lengths must have 2 entries, one an utterance, got 3",
        ),
        ({"input_lengths": (4, 5)}, ValueError, "input_lengths must lie in 0 … 4, got 5 at 1"),
        ({"input_lengths": (-1, 4)}, ValueError, "input_lengths must lie in 0 … 4, got -1 at 0"),
        ({"target_lengths": (2, 3)}, ValueError, "target_lengths must lie in 0 … 2, got 3 at 1"),
        (
            {"targets": TARGETS[:1]},
            ValueError,
            r"targets must be \(2, labels\) or concatenated \(sum of target_lengths,\), got \(1, 2\)",
        ),
        (
            {"targets": TARGETS.flatten()[:3]},
            ValueError,
            "concatenated targets must have the sum of target_lengths entries, 4, got 3",
        ),
        (
            {"targets": torch.tensor([[1, 2], [2, 3]])},
            ValueError,
            "targets must be classes 0 … 2 other than the blank 0, got 3 in utterance 1",
        ),
        (
            {"targets": torch.tensor([[1, 2], [2, -1]])},
            ValueError,
            "other than the blank 0, got -1 in utterance 1",
        ),
        ({"blank": 1}, ValueError, "other than the blank 1, got 1 in utterance 0"),
    ],
)
def test_refusals_name_the_argument(arguments, error, message):
    with pytest.raises(error, match=message):
        call(**arguments)


def test_the_scores_are_named_as_the_caller_names_them():
    with pytest.raises(TypeError, match="logits must be float32 or float64"):
        call(ctc_loss_from_logits, SCORES.long())
    with pytest.raises(TypeError, match="log_probs must be float32 or float64"):
        call(ctc_alignment_posteriors, SCORES.long())


@pytest.mark.gpu
def test_targets_and_lengths_may_wait_on_the_processor():
    lengths = torch.tensor([4, 3]), torch.tensor([2, 1])
    here = call(input_lengths=lengths[0], target_lengths=lengths[1])
    there = call(scores=SCORES.cuda(), input_lengths=lengths[0], target_lengths=lengths[1])
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), here)


def test_what_lies_behind_a_target_is_not_read():
    padded = torch.tensor([[1, -100], [2, 1]])
    assert torch.equal(call(targets=padded, target_lengths=(1, 2)), call(target_lengths=(1, 2)))


LENGTHS = {
    "list": list,
    "tuple": tuple,
    "size": torch.Size,
    "int64": torch.tensor,
    "int32": lambda lengths: torch.tensor(lengths, dtype=torch.int32),
    "uint8": lambda lengths: torch.tensor(lengths, dtype=torch.uint8),
    "column": lambda lengths: torch.tensor(lengths).unsqueeze(1),
    "list of tensors": lambda lengths: [torch.tensor(length) for length in lengths],
}


@pytest.mark.parametrize("form", LENGTHS)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_every_form_of_arguments_that_torch_takes(form, reduction, zero_infinity):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(7, 4, 5, generator=generator).log_softmax(-1)
    frames, sizes = LENGTHS[form]([7, 6, 2, 5]), LENGTHS[form]([3, 0, 3, 1])  # the third does not fit
    padded = torch.tensor([[1, 1, 4], [-1, -1, -1], [3, 4, 1], [4, -100, 0]])
    joined = torch.tensor([1, 1, 4, 3, 4, 1, 4])
    for targets in (padded, joined, padded.int(), joined.int(), padded.mT.contiguous().mT, padded[:, :3]):
        arguments = scores, targets, frames, sizes, 2, reduction, zero_infinity
        ours, theirs = ctc_loss(*arguments), torch_ctc_loss(*arguments)
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(
    ("targets", "frames", "size"),
    [
        (torch.tensor([1, 1, 4]), (7,), (3,)),
        (torch.tensor([1, 1, 4]), torch.tensor(7), torch.tensor(3)),
        (torch.tensor([[1, 1, 4]]), torch.tensor([7]), torch.tensor([3])),
        (torch.tensor([], dtype=torch.int64), (7,), (0,)),
    ],
)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_every_form_of_one_utterance_that_torch_takes(targets, frames, size, reduction):
    scores = torch.randn(7, 5, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    ours = ctc_loss(scores, targets, frames, size, 2, reduction)
    torch.testing.assert_close(ours, torch_ctc_loss(scores, targets, frames, size, 2, reduction))
    batch = scores.unsqueeze(1), targets, frames, size, 2, reduction
    if torch.as_tensor(frames).dim():  # torch wants no bare number beside a batch
        torch.testing.assert_close(ctc_loss(*batch), torch_ctc_loss(*batch))
