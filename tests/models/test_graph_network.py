import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from hnrc_lib.curvature import dense_hessian, hessian_vector_product
from hnrc_lib.datasets import load_digits, spectrograms
from hnrc_lib.models.graph import GraphConvolution, GraphNetwork, grid_adjacency, normalized_adjacency


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=20)
@given(rows=st.integers(1, 5), columns=st.integers(1, 5))
def test_neighbours_are_one_step_away(rows, columns):
    adjacency = grid_adjacency(rows, columns)
    for i in range(rows * columns):
        for j in range(rows * columns):
            steps = abs(i // columns - j // columns) + abs(i % columns - j % columns)
            assert adjacency[i, j] == (1.0 if steps == 1 else 0.0)


@settings(max_examples=20)
@given(rows=st.integers(1, 5), columns=st.integers(1, 5))
def test_the_largest_eigenvalue_is_one(rows, columns):
    normalized = normalized_adjacency(grid_adjacency(rows, columns).double())
    values = torch.linalg.eigvalsh(normalized)
    assert values[-1].item() == pytest.approx(1.0, abs=1e-12)
    assert values[0].item() > -1.0


def test_a_convolution_is_the_sum_over_neighbours():
    adjacency = grid_adjacency(2, 3).double()
    layer = GraphConvolution(2, 4, "relu", seeded()).double()
    values = torch.randn(3, 6, 2, generator=seeded(1), dtype=torch.float64)
    weight, bias = layer.linear.weight, layer.linear.bias + 0.5
    layer.linear.bias.data.copy_(bias)
    degree = adjacency.sum(dim=1) + 1
    expected = torch.empty(3, 6, 4, dtype=torch.float64)
    for n in range(3):
        for i in range(6):
            near = [i, *adjacency[i].nonzero()[:, 0].tolist()]
            mean = sum(values[n, j] / (degree[i] * degree[j]) ** 0.5 for j in near)
            expected[n, i] = weight @ mean + bias
    torch.testing.assert_close(layer(values, normalized_adjacency(adjacency)), expected)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_its_curvature_equals_a_dense_hessian(activation):
    model = GraphNetwork(6, 4, 3, (2, 2), 2, activation, seeded()).double()
    features = torch.randn(4, 4, 6, generator=seeded(1), dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 0])
    params = {name: value.detach() for name, value in model.named_parameters()}

    def loss(values):
        return functional.cross_entropy(torch.func.functional_call(model, values, (features,)), labels)

    vector = {name: torch.randn(value.shape, generator=seeded(2)).double() for name, value in params.items()}
    product = hessian_vector_product(loss, params, vector)
    flat = torch.cat([part.flatten() for part in product.values()])
    direction = torch.cat([part.flatten() for part in vector.values()])
    torch.testing.assert_close(flat, dense_hessian(loss, params) @ direction, rtol=1e-8, atol=1e-10)


def test_the_generator_alone_decides_the_weights():
    torch.manual_seed(5)
    first = GraphNetwork(8, 8, generator=seeded()).state_dict()
    after = torch.rand(3)
    again = GraphNetwork(8, 8, generator=seeded()).state_dict()
    torch.manual_seed(5)
    assert torch.equal(torch.rand(3), after)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert "adjacency" not in first


def test_it_learns_the_shipped_digits():
    parts = [load_digits(split, language="en") for split in ("train", "test")]
    (features, labels), (held, truth) = (spectrograms(part, num_frames=20, n_mels=20) for part in parts)
    model = GraphNetwork(20, 20, block=2, generator=seeded())
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3, weight_decay=0.1)
    generator = seeded(1)
    for _ in range(6):
        for chosen in torch.randperm(len(labels), generator=generator).split(32):
            optimizer.zero_grad()
            functional.cross_entropy(model(features[chosen] / 4), labels[chosen]).backward()
            optimizer.step()
    accuracy = (model.eval()(held / 4).argmax(dim=1) == truth).double().mean().item()
    assert accuracy >= 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_features": 9, "num_frames": 8}, r"num_features must be a multiple of block \(4\), got 9"),
        ({"num_features": 8, "num_frames": 9}, r"num_frames must be a multiple of block \(4\), got 9"),
        ({"num_features": 8, "num_frames": 8, "channels": ()}, "channels must name at least one"),
        ({"num_features": 8, "num_frames": 8, "channels": (4, 0)}, "channels must be an integer of at least"),
        ({"num_features": 8, "num_frames": 8, "activation": "sine"}, "activation must be one of"),
    ],
)
def test_sizes_that_cannot_be_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        GraphNetwork(**arguments)


def test_features_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"features must have shape \(N, 8, 12\), got \(2, 12, 8\)"):
        GraphNetwork(12, 8)(torch.zeros(2, 12, 8))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[0.0, 1.0], [0.0, 0.0]], "adjacency must be symmetric"),
        ([[1.0, 0.0], [0.0, 0.0]], "an empty diagonal"),
        ([[0.0, -1.0], [-1.0, 0.0]], "no negative entry"),
    ],
)
def test_what_is_no_adjacency_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        normalized_adjacency(torch.tensor(matrix))
