import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.linalg import low_rank_inverse


@pytest.fixture
def without_annotations(monkeypatch):
    """What a reader has, who runs without the import hook: the library's own messages."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@given(
    size=st.integers(1, 8),
    rank=st.integers(1, 10),
    seed=st.integers(0, 2**31),
    log_damping=st.floats(-3, 3),
    definite=st.booleans(),
)
@settings(deadline=None)
def test_equals_the_dense_inverse(size, rank, seed, log_damping, definite):
    generator = torch.Generator().manual_seed(seed)
    U = torch.randn(size, rank, generator=generator, dtype=torch.float64)
    C = torch.randn(rank, rank, generator=generator, dtype=torch.float64)
    C = C @ C.mT if definite else C + C.mT
    damping = 10.0**log_damping
    matrix = damping * torch.eye(size, dtype=torch.float64) + U @ C @ U.mT
    eigenvalues = torch.linalg.eigvalsh(matrix)
    condition = float(eigenvalues.abs().max() / eigenvalues.abs().min())
    inverse = low_rank_inverse(U, damping, core=C)
    tolerance = 1e-12 * max(condition, 1.0)
    torch.testing.assert_close(
        inverse.to_dense() @ matrix, torch.eye(size, dtype=torch.float64), rtol=0, atol=tolerance * condition
    )
    if condition < 1e10:
        assert inverse.positive_definite == bool(eigenvalues[0] > 0)
        assert inverse.condition_number == pytest.approx(condition, rel=1e-4)


@given(size=st.integers(2, 8), rank=st.integers(1, 4), log_damping=st.floats(-6, 3))
@settings(deadline=None)
def test_without_a_core_it_is_positive_definite_and_shrinks_the_kept_directions(size, rank, log_damping):
    generator = torch.Generator().manual_seed(size * rank)
    U = torch.randn(size, rank, generator=generator, dtype=torch.float64)
    damping = 10.0**log_damping
    inverse = low_rank_inverse(U, damping)
    assert inverse.positive_definite
    kept = inverse.eigenvectors
    expected = kept / (inverse.eigenvalues + damping)
    torch.testing.assert_close(inverse @ kept, expected, rtol=1e-6, atol=1e-9 / damping)


def test_a_repeated_column_and_a_singular_core_are_no_trouble():
    U = torch.tensor([[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]], dtype=torch.float64)
    C = torch.tensor([[1.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    dense = torch.linalg.inv(0.1 * torch.eye(3, dtype=torch.float64) + U @ C @ U.mT)
    torch.testing.assert_close(low_rank_inverse(U, 0.1, core=C).to_dense(), dense, rtol=1e-10, atol=1e-12)


def test_an_indefinite_matrix_is_inverted_and_called_so():
    U = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    inverse = low_rank_inverse(U, 1.0, core=torch.tensor([[-3.0]], dtype=torch.float64))
    assert not inverse.positive_definite
    torch.testing.assert_close(
        inverse @ torch.ones(2, dtype=torch.float64), torch.tensor([-0.5, 1.0]).double()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"damping": 0.0}, r"damping must be positive and finite, got 0.0"),
        ({"damping": math.inf}, "damping must be positive and finite, got inf"),
        ({"factor": torch.tensor([[math.nan], [1.0]])}, "factor must be finite"),
        ({"core": torch.eye(2)}, r"core must have shape \(1, 1\), got \(2, 2\)"),
        ({"core": torch.tensor([[math.inf]])}, "core must be finite"),
        ({"core": torch.tensor([[-1.0]])}, r"singular at damping 1.0"),
        (
            {"factor": torch.eye(2), "core": torch.tensor([[1.0, 2.0], [0.0, 1.0]])},
            r"core must be symmetric, got an asymmetry of 2.00e\+00",
        ),
    ],
)
def test_what_has_no_inverse_is_refused(without_annotations, arguments, message):
    usual = {"factor": torch.tensor([[1.0], [0.0]]), "damping": 1.0}
    with pytest.raises(ValueError, match=message):
        low_rank_inverse(**usual | arguments)
