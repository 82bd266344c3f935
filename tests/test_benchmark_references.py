"""What the benchmarks compare with: plain float64 functions against stock layers, and each other."""

import pytest
import torch

from benchmarks import peers, problems, reference, spectra
from benchmarks.tables import correctness, ctc, eigenpairs, ggn, gpu, landscape, spectrum, trace


@pytest.mark.parametrize("name", [name for name in correctness.LAYERS if name != correctness.DROPOUT])
def test_the_plain_function_is_that_of_the_stock_layer(name):
    given = correctness.problem(name, torch.float64)
    plain = correctness.LAYERS[name].plain(given.params, given.inputs, given.targets)
    torch.testing.assert_close(plain, given.loss(given.params), rtol=1e-12, atol=0)


def test_the_plain_dropout_is_the_mean_over_draws():
    given = correctness.problem(correctness.DROPOUT, torch.float64)
    exact = correctness.LAYERS[correctness.DROPOUT].plain(given.params, given.inputs, given.targets)
    torch.manual_seed(0)
    draws = torch.stack([given.loss(given.params) for _ in range(4000)])
    assert abs(draws.mean() - exact) < 4 * draws.std() / len(draws) ** 0.5
    assert draws.std() > 0.01


def test_the_dense_hessian_is_exact():
    x = torch.tensor([0.3, -0.7, 1.1], dtype=torch.float64)
    found = reference.dense_hessian(lambda p: (p["x"] ** 3).sum() + p["x"][0] * p["x"][2], {"x": x})
    exact = torch.diag(6 * x)
    exact[0, 2] = exact[2, 0] = 1
    torch.testing.assert_close(found, exact)


@pytest.mark.parametrize("name", ["small mlp", "rnn"])
def test_problems_give_vectors_in_the_order_of_the_parameters(name):
    given = problems.problem(name)
    vector = torch.randn(given.size)
    assert torch.equal(problems.flat(given.split(vector)), vector)
    assert list(given.named(vector)) == [parameter for parameter, _ in given.model.named_parameters()]
    gradient = torch.func.grad(given.loss)(given.params)
    torch.testing.assert_close(problems.flat(given.gradient()), problems.flat(list(gradient.values())))


def test_torch_products_agree_with_the_dense_hessian():
    given = problems.problem("small mlp")
    vector = torch.randn(given.size)
    double = spectra.in_float64(given)
    step, exact = 1e-5, peers.torch_product(double)(vector.double())
    moved = [
        problems.flat(
            list(
                torch.func.grad(double.loss)(
                    {
                        name: value + sign * step * double.named(vector.double())[name]
                        for name, value in double.params.items()
                    }
                ).values()
            )
        )
        for sign in (1, -1)
    ]
    assert problems.relative_error((moved[0] - moved[1]) / (2 * step), exact) < 1e-6
    assert problems.relative_error(peers.torch_kept_product(given)(vector), exact) < 1e-5


def test_ghost_copies_and_large_residuals_are_errors():
    given = problems.problem("small mlp")
    exact = eigenpairs.Exact(given)
    found = eigenpairs.our_pairs(given)()
    assert exact.error(found) < 1.05e-3
    ghost = eigenpairs.Pairs(found.values[[0, 0, 1, 2, 3]], found.vectors[:, [0, 0, 1, 2, 3]])
    assert exact.error(ghost) > 1e-2
    turned = eigenpairs.Pairs(found.values, found.vectors.roll(1, 1))
    assert exact.error(turned) > 1e-2


def test_a_peers_quadrature_is_measured_like_ours():
    given = problems.problem("small mlp")
    density = spectrum.quadrature([[0.0, 1.0]], [[0.5, 0.5]], given)
    eigenvalues = torch.cat([torch.zeros(given.size // 2), torch.full((given.size // 2,), 2.0)])
    assert density.wasserstein_distance(eigenvalues) == pytest.approx(0.5)


def test_a_spectrum_of_another_problem_is_refused():
    with pytest.raises(ValueError, match=r"spectrum of 'mlp' must have vᵀHv = .*make it again"):
        spectra.exact_spectrum("mlp", problems.problem("mlp"))


def test_the_stored_spectrum_has_the_trace_and_the_product_of_its_problem():
    given = spectra.trained("mlp")
    eigenvalues = spectra.exact_spectrum("mlp", given)
    assert len(eigenvalues) == given.size
    density = spectrum.our_density(given, 2, 30)()
    mean, error = density.expectation(torch.square)
    assert abs(mean - float((eigenvalues**2).mean())) < 5 * error + 1e-6


@pytest.mark.parametrize("jumping", [False, True])
def test_the_plain_ctc_loss_is_torchs(jumping):
    batch = ctc.Batch(12, 3, 5, 4)
    if jumping:  # no repeated labels, so that every blank may be left out
        batch.targets = torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]])
    logits = batch.logits.double().requires_grad_()
    ours = ctc.plain_loss(logits, *batch.rest)
    theirs = torch.nn.functional.ctc_loss(logits.log_softmax(-1), *batch.rest)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    mine, exact = (torch.autograd.grad(loss, logits)[0] for loss in (ours, theirs))
    torch.testing.assert_close(mine, exact, rtol=1e-9, atol=1e-12)


def test_the_plain_gauss_newton_product_is_that_of_the_jacobian():
    given = spectra.in_float64(correctness.problem("LayerNorm", torch.float32))
    vector = torch.randn(given.size, dtype=torch.float64)

    def outputs(params):
        return torch.func.functional_call(given.model, params, (given.inputs,))

    jacobian = torch.cat([j.flatten(2) for j in torch.func.jacrev(outputs)(given.params).values()], dim=2)
    loss = torch.func.hessian(lambda z: given.criterion(z, given.targets))(outputs(given.params))
    expected = torch.einsum("ncp,ncmd,mdq,q->p", jacobian, loss, jacobian, vector)
    torch.testing.assert_close(ggn.exact_product(given, vector), expected)


def test_the_trace_of_the_references_agrees_for_a_relu_network():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 7), torch.nn.ReLU(), torch.nn.Linear(7, 4))
    inputs, targets = torch.randn(5, 6), torch.randint(0, 4, (5,))
    given = problems.Problem("relu", model, torch.nn.CrossEntropyLoss(), inputs, targets)
    double = spectra.in_float64(given)
    dense = float(reference.dense_hessian(double.loss, double.params).trace())
    assert trace.gauss_newton_trace(given) == pytest.approx(dense, rel=1e-6)


def test_a_plane_is_compared_with_the_loss_at_its_points():
    cut = landscape.Slice(correctness.problem("LayerNorm", torch.float32), 5)
    full = cut.full()
    assert cut.error(full) < 1e-5
    wrong = type(full)(full.alpha, full.beta, full.values.mT)
    assert cut.error(wrong) > 1e-2


@pytest.mark.parametrize(
    "case",
    [
        gpu.recurrent_case("LSTM", 2, "cpu", batch=2, frames=3, hidden=4),
        gpu.recurrent_case("RNN", 1, "cpu", batch=2, frames=3, hidden=4),
        gpu.ctc_case("cpu", (8, 2, 5, 3)),
    ],
    ids=lambda case: case.title,
)
def test_rows_for_a_card_compute_what_they_say(case):
    values = [row.prepare()() for row in case.rows]
    if case.title.startswith("CTC"):
        assert values[1].shape == values[0].shape
        return
    torch.testing.assert_close(values[2], values[1], rtol=1e-4, atol=1e-6)
    if len(values) == 4:
        torch.testing.assert_close(values[3][:, 0], values[1], rtol=1e-4, atol=1e-6)


def test_landscape_and_density_for_a_card_run():
    assert gpu.landscape_case("cpu", "mlp", points=3, at_once=4).rows[1].prepare()().values.shape == (3, 3)
    assert gpu.density_case("cpu", 1, 2).rows[1].prepare()().nodes.shape == (1, 2)
