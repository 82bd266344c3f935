import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from hnrc_lib.curvature import dense_hessian, hessian_vector_product
from hnrc_lib.datasets import load_digits, spectrograms
from hnrc_lib.models.transformer import Transformer, sinusoidal_positions


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def small(**changes):
    options = {"width": 4, "num_layers": 1, "num_heads": 2, "generator": seeded()} | changes
    return Transformer(6, 3, **options).double().eval()


def test_positions_are_the_formulas():
    positions = sinusoidal_positions(7, 6)
    for t in range(7):
        for i in range(3):
            angle = t / 10000 ** (2 * i / 6)
            assert positions[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert positions[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


@settings(max_examples=10)
@given(
    frames=st.integers(1, 24),
    batch=st.integers(1, 3),
    subsampling=st.sampled_from([2, 4]),
    pooling=st.sampled_from(["none", "mean"]),
    data=st.data(),
)
def test_padding_has_no_influence(frames, batch, subsampling, pooling, data):
    model = small(subsampling=subsampling, pooling=pooling)
    lengths = torch.tensor(data.draw(st.lists(st.integers(1, frames), min_size=batch, max_size=batch)))
    features = torch.randn(batch, frames, 6, generator=seeded(1), dtype=torch.float64)
    out = model.output_lengths(lengths)
    logits = model(features, lengths)
    for index, length in enumerate(lengths.tolist()):
        alone = model(features[index : index + 1, :length])[0]
        given = logits[index] if pooling == "mean" else logits[index, : out[index]]
        torch.testing.assert_close(given, alone)
        features[index, length:] = 1e3
    changed = model(features, lengths)
    valid = torch.arange(logits.shape[1]) < out[:, None] if pooling == "none" else slice(None)
    torch.testing.assert_close(changed[valid], logits[valid])


@pytest.mark.parametrize(("subsampling", "frames", "expected"), [(4, 100, 25), (2, 100, 50), (4, 1, 1)])
def test_a_second_has_as_many_frames_as_promised(subsampling, frames, expected):
    model = small(subsampling=subsampling)
    assert model.output_lengths(torch.tensor([frames])).tolist() == [expected]
    assert model(torch.zeros(1, frames, 6, dtype=torch.float64)).shape == (1, expected, 3)


@pytest.mark.parametrize("pooling", ["none", "mean"])
def test_its_curvature_equals_a_dense_hessian(pooling):
    model = small(pooling=pooling, width=2)
    features = torch.randn(2, 9, 6, generator=seeded(1), dtype=torch.float64)
    lengths, targets = torch.tensor([9, 5]), torch.tensor([2, 0])
    params = {name: value.detach() for name, value in model.named_parameters()}

    def loss(values):
        logits = torch.func.functional_call(model, values, (features, lengths))
        return functional.cross_entropy(logits if pooling == "mean" else logits[:, 0], targets)

    vector = {name: torch.randn(value.shape, generator=seeded(2)).double() for name, value in params.items()}
    product = hessian_vector_product(loss, params, vector)
    flat = torch.cat([part.flatten() for part in product.values()])
    direction = torch.cat([part.flatten() for part in vector.values()])
    torch.testing.assert_close(flat, dense_hessian(loss, params) @ direction, rtol=1e-8, atol=1e-10)

    def gradient(step):
        leaves = {name: (value + step * vector[name]).requires_grad_() for name, value in params.items()}
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss(leaves), list(leaves.values()))])

    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        difference = (gradient(1e-5) - gradient(-1e-5)) / 2e-5
    torch.testing.assert_close(flat, difference, rtol=1e-5, atol=1e-6)


def test_the_generator_alone_decides_the_weights():
    torch.manual_seed(5)
    first = small().state_dict()
    after = torch.rand(3)
    torch.manual_seed(6)
    again, other = small().state_dict(), small(generator=seeded(1)).state_dict()
    torch.manual_seed(5)
    assert torch.equal(torch.rand(3), after)
    assert all(torch.equal(first[name], again[name]) for name in first)
    same = [name for name in first if torch.equal(first[name], other[name])]
    assert all(name.endswith("bias") or "norm" in name for name in same)


def test_dropout_alone_is_random():
    model = Transformer(6, 3, width=8, num_layers=1, num_heads=2, generator=seeded())
    features = torch.randn(2, 20, 6, generator=seeded(1))
    assert not torch.equal(model.train()(features), model(features))
    assert torch.equal(model.eval()(features), model(features))


def test_it_learns_the_shipped_digits():
    parts = [load_digits(split, language="en") for split in ("train", "test")]
    (features, labels), (held, truth) = (spectrograms(part, num_frames=20, n_mels=20) for part in parts)
    model = Transformer(20, 10, width=32, num_layers=1, subsampling=2, pooling="mean", generator=seeded())
    model.eval()  # without dropout, whose masks come from the global generator
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    generator = seeded(1)
    for _ in range(6):
        for chosen in torch.randperm(len(labels), generator=generator).split(32):
            optimizer.zero_grad()
            functional.cross_entropy(model(features[chosen] / 4), labels[chosen]).backward()
            optimizer.step()
    accuracy = (model.eval()(held / 4).argmax(dim=1) == truth).double().mean().item()
    assert accuracy >= 0.85


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 6, "num_heads": 4}, r"width must be even and a multiple of num_heads \(4\), got 6"),
        ({"width": 3, "num_heads": 3}, "width must be even"),
        ({"subsampling": 3}, "subsampling must be 2 or 4, got 3"),
        ({"pooling": "max"}, "pooling must be 'none' or 'mean', got 'max'"),
        ({"num_layers": 0}, "num_layers must be an integer of at least 1, got 0"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)


@pytest.mark.parametrize(("lengths", "message"), [([3], "shape"), ([3, 31], "1 … 30"), ([0, 3], "1 … 30")])
def test_bad_lengths_are_named(lengths, message):
    with pytest.raises(ValueError, match=message):
        small()(torch.zeros(2, 30, 6, dtype=torch.float64), torch.tensor(lengths))
