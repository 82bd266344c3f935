import pytest
import torch

from hnrc_lib.models import FrameNetwork


def network(**changes):
    return FrameNetwork(11, 7, generator=torch.Generator().manual_seed(0), hidden=16, **changes)


def test_padding_has_no_influence():
    model = network()
    features = torch.randn(2, 30, 11, generator=torch.Generator().manual_seed(1))
    features[1, 18:] = 1e3
    both = model(features, torch.tensor([30, 18]))
    alone = model(features[1:, :18], torch.tensor([18]))
    torch.testing.assert_close(both[1, :18], alone[0], atol=1e-5, rtol=1e-5)
    assert both.shape == (2, 30, 7)


def test_a_frame_sees_as_far_as_the_docstring_says():
    model = network()
    features = torch.randn(1, 60, 11, generator=torch.Generator().manual_seed(1), requires_grad=True)
    model(features, torch.tensor([60]))[0, 30].sum().backward()
    touched = features.grad[0].abs().sum(1).nonzero().flatten()
    assert (int(touched.min()), int(touched.max())) == (30 - 17, 30 + 17)


def test_the_generator_decides_the_weights():
    first, second = network(), network()
    for ours, theirs in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", ["channels", "hidden"])
def test_a_bad_size_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got 0"):
        FrameNetwork(11, 7, **{name: 0})
