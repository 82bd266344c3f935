"""The simulated quantum solve against numpy's, and what it refuses."""

import numpy as np
import pytest

from hnrc_lib.claims.quantum_solve import quantum_solve


def matrix(eigenvalues, seed=0):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((len(eigenvalues),) * 2))[0]
    A = (Q * eigenvalues) @ Q.T
    return (A + A.T) / 2, rng.standard_normal(len(eigenvalues))


def test_eigenvalues_on_the_grid_are_solved_exactly():
    A, b = matrix([1.0, 2.0, 3.0, 5.0])
    x = np.linalg.solve(A, b)
    found = quantum_solve(A, b, 4, bound=16.0)
    np.testing.assert_allclose(found.state, x / np.linalg.norm(x), atol=1e-12)
    assert found.fidelity == pytest.approx(1)
    # The ancilla's amplitude is C/k with C = 1, the smallest eigenvalue's integer.
    assert found.success_probability == pytest.approx((x @ x) / (b @ b))


def test_off_the_grid_bits_buy_fidelity():
    A, b = matrix([0.11, 0.73, 1.9, 3.3], seed=1)
    fidelities = [quantum_solve(A, b, bits).fidelity for bits in (2, 5, 10)]
    assert fidelities[0] < 0.9 < fidelities[1] < fidelities[2]
    assert fidelities[2] > 0.9999


def test_a_state_has_length_one_and_the_sign_of_the_solution():
    A, b = matrix([1.0, 2.0])
    for right in (b, -7 * b):
        found = quantum_solve(A, right, 8)
        assert np.linalg.norm(found.state) == pytest.approx(1, abs=1e-3)
        assert found.state @ np.linalg.solve(A, right) > 0


@pytest.mark.parametrize(
    ("A", "b", "options", "message"),
    [
        (np.array([[1.0, 1.0], [0.0, 1.0]]), np.ones(2), {}, "A must be symmetric"),
        (
            np.diag([1.0, -1.0]),
            np.ones(2),
            {},
            "A must be positive definite, got a smallest eigenvalue of -1",
        ),
        (np.eye(3), np.ones(3), {}, "a power of two, got 3 and 3"),
        (np.eye(2), np.zeros(2), {}, "b must not be zero"),
        (np.eye(2), np.ones(2), {"num_bits": 11}, "num_bits must lie in 1 to 10, got 11"),
        (np.eye(2), np.ones(2), {"bound": 0.5}, "bound must exceed the largest eigenvalue, 1, got 0.5"),
    ],
)
def test_what_it_cannot_do_is_refused(A, b, options, message):
    with pytest.raises(ValueError, match=message):
        quantum_solve(A, b, **{"num_bits": 3, **options})
