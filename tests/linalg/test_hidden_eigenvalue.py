import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra import seeded, with_spectrum

from hnrc_lib.linalg import lanczos
from hnrc_lib.linalg.hidden_eigenvalue import HiddenEigenvalue


@given(size=st.integers(3, 20), seed=st.integers(0, 2**31), steps=st.integers(1, 8))
@settings(max_examples=40)
def test_no_measure_with_the_same_moments_has_more_mass_there(size, seed, steps):
    # The mass an extreme eigenvalue really has may never exceed the Christoffel function at it.
    generator = seeded(seed)
    spectrum = torch.randn(size, generator=generator, dtype=torch.float64)
    start = torch.randn(size, generator=generator, dtype=torch.float64)
    A = with_spectrum(spectrum, seed=seed)
    T = lanczos(A, min(steps, size - 1), vectors=start.unsqueeze(1)).tridiagonals[0]
    eigenvalues, eigenvectors = torch.linalg.eigh(A.matrix)
    mass = float((eigenvectors[:, -1] @ start) ** 2 / (start @ start))
    run = HiddenEigenvalue(float(eigenvalues[-1]), size)
    for diagonal, coupling in zip(T.diagonal, [*T.off_diagonal, torch.tensor(T.remainder)], strict=True):
        run.update(float(diagonal), float(coupling))
    largest_mass = run.probability**2 * math.pi / (2 * size)
    assert run.probability == 1.0 or mass <= largest_mass * (1 + 1e-6)


def test_it_falls_with_every_step_and_with_distance():
    near, far = HiddenEigenvalue(2.1, size=10_000), HiddenEigenvalue(4.0, size=10_000)
    previous = 1.0
    for _ in range(60):
        near.update(0.0, 1.0)
        far.update(0.0, 1.0)
        assert near.probability <= previous
        assert far.probability <= near.probability
        previous = near.probability
    assert near.probability < 1e-4


def test_a_copy_stays_hidden_as_rarely_as_promised():
    # One eigenvalue far out, runs from random vectors: how often does its Ritz value not come out in time?
    spectrum = torch.cat([torch.linspace(-1, 1, 199), torch.tensor([1.6])])
    A, hidden = with_spectrum(spectrum), 0
    for seed in range(200):
        start = torch.randn(200, 1, generator=seeded(seed), dtype=torch.float64)
        T = lanczos(A, 30, vectors=start).tridiagonals[0]
        run, steps = HiddenEigenvalue(1.5, size=200), 0
        while run.probability > 0.1:
            run.update(float(T.diagonal[steps]), float(T.off_diagonal[steps]))
            steps += 1
        shortened = T.to_dense()[:steps, :steps]
        hidden += float(torch.linalg.eigvalsh(shortened)[-1]) < 1.5
    assert hidden <= 0.1 * 200


def test_a_run_that_ended_hides_nothing():
    run = HiddenEigenvalue(3.0, size=5)
    assert run.probability == 1.0
    run.update(1.0, 0.0)
    assert run.probability == pytest.approx(0.0)
