import jaxtyping
import pytest
import torch
from closures import case, dense, flat, gradient, quadratic
from torch.nn import functional

from hnrc_lib.linalg import rank_one_corrected_step
from hnrc_lib.optim import HNRC, DampedNewton, LowRankCurvature

F64 = torch.float64


def settings(matrix="ggn", directions="random", safeguard="none", **more):
    return LowRankCurvature(matrix, directions=directions, safeguard=safeguard, **more)


@pytest.mark.parametrize("matrix", ["hessian", "ggn", "fisher"])
@pytest.mark.parametrize("name", ["mlp", "ctc"])
def test_rank_one_along_the_gradient_is_the_corrected_inverse(name, matrix):
    found = case(name)
    M, g, before = dense(found, matrix), gradient(found), flat(found.parameters)
    wanted = -0.5 * rank_one_corrected_step(M @ g, g, g, 0.3).solution
    assert float(g @ M @ g) > 0
    optimizer = HNRC(found.parameters, 0.5, 0.3, curvature=settings(matrix, "gradient"))
    optimizer.step(found.closure(matrix))
    torch.testing.assert_close(flat(found.parameters) - before, wanted, rtol=1e-7, atol=1e-10)
    assert optimizer.last_step.products == 1


def test_rank_one_along_the_momentum_and_along_the_last_step():
    H = torch.diag(torch.tensor([4.0, 1.0, 0.2], dtype=F64))
    for directions in ("momentum", "step"):
        x, closure = quadratic(H, torch.ones(3, dtype=F64))
        optimizer = HNRC([x], 0.5, 2.0, momentum=0.5, curvature=settings("hessian", directions))
        m, places = torch.zeros(3, dtype=F64), [x.detach().clone()]
        for _ in range(4):
            g = H @ places[-1]
            m = 0.5 * m + g
            last = places[-1] - places[-2] if len(places) > 1 else g
            v = m if directions == "momentum" else last
            places.append(places[-1] - 0.5 * rank_one_corrected_step(H @ v, v, m, 2.0).solution)
            optimizer.step(closure)
            torch.testing.assert_close(x.detach(), places[-1])


@pytest.mark.parametrize("matrix", ["ggn", "fisher"])
@pytest.mark.parametrize("name", ["cnn", "ctc"])
def test_full_rank_is_damped_newton(name, matrix):
    one, other = case(name), case(name)
    size = len(flat(one.parameters))
    HNRC(one.parameters, 0.7, 0.01, rank=size, curvature=settings(matrix)).step(one.closure(matrix))
    DampedNewton(other.parameters, 0.7, 0.01, curvature=settings(matrix)).step(other.closure(matrix))
    torch.testing.assert_close(flat(one.parameters), flat(other.parameters), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("matrix", ["hessian", "ggn"])
@pytest.mark.parametrize("per_layer", [False, True])
def test_rank_k_inverts_the_model_it_keeps_and_predicts_by_it(matrix, per_layer):
    found = case("mlp")
    g, before = gradient(found), flat(found.parameters)
    M = dense(found, matrix)
    optimizer = HNRC(found.parameters, 0.5, 0.1, rank=3, curvature=settings(matrix, per_layer=per_layer))
    optimizer.step(found.closure(matrix))
    vectors, values = optimizer.shared["rows"].mT, optimizer.shared["values"]
    sizes = [p.numel() for p in found.parameters] if per_layer else [len(g)]
    blocks = [v @ torch.diag(mu) @ v.mT for v, mu in zip(vectors.split(sizes), values, strict=True)]
    kept, step = torch.block_diag(*blocks), flat(found.parameters) - before
    wanted = -0.5 * torch.linalg.solve(kept + 0.1 * torch.eye(len(g), dtype=F64), g)
    torch.testing.assert_close(step, wanted, rtol=1e-8, atol=1e-10)
    predicted = -float(g @ step + step @ kept @ step / 2)
    assert optimizer.last_step.predicted_reduction == pytest.approx(predicted)
    if per_layer:  # the layer of three biases is kept whole
        inside = torch.block_diag(*[torch.ones(size, size) for size in sizes]).bool()
        assert bool((kept[~inside] == 0).all())
        block = M[-3:, -3:]
        eigenvalues, basis = torch.linalg.eigh(block)
        torch.testing.assert_close(kept[-3:, -3:], basis @ torch.diag(eigenvalues.abs()) @ basis.mT)


def test_previous_directions_find_the_leading_eigenvalues():
    H = torch.diag(torch.tensor([9.0, 5.0, 2.0, 0.3, 0.2, 0.1], dtype=F64))
    x, closure = quadratic(H, torch.ones(6, dtype=F64))
    optimizer = HNRC([x], 1e-3, 1.0, rank=3, curvature=settings("hessian", "previous"))
    for _ in range(25):
        optimizer.step(closure)
    torch.testing.assert_close(optimizer.shared["values"][0], torch.tensor([9.0, 5.0, 2.0], dtype=F64))


def test_directions_that_vanished_are_looked_for_anew():
    # Flat in all but one direction at first; later the rest bends too.
    bend = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=F64)
    x = torch.ones(4, dtype=F64, requires_grad=True)
    optimizer = HNRC([x], 1e-3, 1.0, rank=3, curvature=settings("hessian", "previous"))
    for _ in range(3):
        optimizer.step(lambda: (bend * x**2).sum() / 2)
    assert optimizer.shared["values"][0, 1:].abs().max() < 1e-20  # rounding may leave something
    bend[:] = torch.tensor([9.0, 1.0, 3.0, 5.0], dtype=F64)
    for _ in range(15):
        optimizer.step(lambda: (bend * x**2).sum() / 2)
    wanted = torch.tensor([9.0, 5.0, 3.0], dtype=F64)
    torch.testing.assert_close(optimizer.shared["values"][0], wanted, rtol=1e-3, atol=0)


def first_length(damping, safeguard, rank):
    H = torch.diag(torch.tensor([10.0, 5.0, 2.0, 1.0, 0.5], dtype=F64))
    x, closure = quadratic(H, torch.ones(5, dtype=F64))
    directions = "gradient" if rank == 1 else "random"
    optimizer = HNRC([x], 1.0, damping, rank=rank, curvature=settings("hessian", directions, safeguard))
    optimizer.step(closure)
    return optimizer.last_step.step_norm


@pytest.mark.parametrize("rank", [1, 2])
def test_no_newton_limit_and_what_the_safeguards_do(rank):
    lengths = [first_length(damping, "none", rank) * damping for damping in (1e-6, 1e-9)]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-3)  # ‖p‖ ~ 1/λ
    assert lengths[0] > 0.1
    newton = 5**0.5
    for safeguard in ("line", "floor") if rank > 1 else ("line",):
        far, farther = first_length(1e-6, safeguard, rank), first_length(1e-12, safeguard, rank)
        assert far == pytest.approx(farther, rel=1e-3)
        assert far < 10 * newton


@pytest.mark.parametrize(
    ("scaling", "momentum", "make"),
    [
        ("none", 0.9, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
        ("none", 0.0, lambda p: torch.optim.SGD(p, 0.1)),
        ("adam", 0.9, lambda p: torch.optim.Adam(p, 0.1)),
        ("rmsprop", 0.0, lambda p: torch.optim.RMSprop(p, 0.1)),
        ("adagrad", 0.0, lambda p: torch.optim.Adagrad(p, 0.1)),
    ],
)
@pytest.mark.parametrize("safeguard", ["none", "line", "floor"])
def test_large_damping_is_the_first_order_method(scaling, momentum, make, safeguard):
    mine, theirs = case("mlp"), case("mlp")
    damping = 1e14
    rank = 1 if safeguard == "none" else 3
    how = settings(directions="gradient" if rank == 1 else "previous", safeguard=safeguard, refresh=2)
    optimizer = HNRC(
        mine.parameters, 0.1 * damping, damping, rank, curvature=how, momentum=momentum, scaling=scaling
    )
    reference = make(theirs.parameters)
    for _ in range(5):
        optimizer.step(mine.closure("ggn"))
        reference.zero_grad()
        theirs.loss(theirs.outputs()).backward()
        reference.step()
        torch.testing.assert_close(flat(mine.parameters), flat(theirs.parameters), rtol=1e-7, atol=1e-9)


def test_the_bound_of_the_rank_one_method_on_a_quadratic():
    H = torch.diag(torch.tensor([10.0, 3.0, 1.0, 0.1], dtype=F64))  # h_max = 10, α = 1

    def after(damping, safeguard):
        x, closure = quadratic(H, torch.ones(4, dtype=F64))
        optimizer = HNRC([x], 1.0, damping, curvature=settings("hessian", "gradient", safeguard))
        for _ in range(200):
            loss = float(optimizer.step(closure))
            if not 1e-6 < loss < 1e6:
                break
        return loss

    assert after(2.0, "none") < 1e-6
    assert after(1.0, "none") > 1e6
    assert after(1.0, "line") < 1e-6


def test_it_beats_gradient_descent_on_an_ill_conditioned_quadratic():
    H = torch.diag(torch.cat([torch.tensor([1e4, 3e3, 1e3]), torch.linspace(0.5, 2, 17)]).double())
    x, closure = quadratic(H, torch.ones(20, dtype=F64))
    optimizer = HNRC([x], 1.0, 1.5, rank=3, curvature=settings("hessian", "previous", refresh=10))
    for _ in range(30):
        optimizer.step(closure)
    y, descent = quadratic(H, torch.ones(20, dtype=F64))
    plain = torch.optim.SGD([y], 1.9e-4)  # near the best rate, 2/h_max
    for _ in range(300):
        plain.zero_grad()
        descent().backward()
        plain.step()
    assert float(closure().detach()) < 1e-3 * float(descent().detach())


def test_a_shortened_step_is_the_minimum_along_it():
    H = torch.diag(torch.tensor([10.0, 3.0, 1.0], dtype=F64))
    x, closure = quadratic(H, torch.ones(3, dtype=F64))
    g = H @ torch.ones(3, dtype=F64)
    p = rank_one_corrected_step(H @ g, g, g, 0.01).solution
    optimizer = HNRC([x], 1.0, 0.01, curvature=settings("hessian", "gradient", "line"))
    optimizer.step(closure)
    wanted = float(g @ p / (p @ H @ p + 0.01 * p @ p))
    assert wanted < 0.1
    torch.testing.assert_close(1 - x.detach(), wanted * p)
    assert optimizer.last_step.products == 2


def test_the_cost_is_what_a_counting_operator_sees(monkeypatch):
    from hnrc_lib.optim.graph_operator import GraphOperator

    columns, plain = [], GraphOperator._matmat
    monkeypatch.setattr(
        GraphOperator, "_matmat", lambda self, block: (columns.append(block.shape[1]), plain(self, block))[1]
    )
    for per_layer, rank, safeguard in ((False, 4, "line"), (True, 2, "floor"), (False, 1, "line")):
        found = case("mlp")
        how = settings("ggn", "random" if rank > 1 else "gradient", safeguard, per_layer=per_layer, refresh=3)
        optimizer = HNRC(found.parameters, 0.1, 1.0, rank, curvature=how)
        for step in range(4):
            columns.clear()
            optimizer.step(found.closure("ggn"))
            assert optimizer.last_step.products == sum(columns)
            assert optimizer.last_step.cost == pytest.approx(1 + sum(columns) * 4 / 3)
            assert (sum(columns) > 0) == (step % 3 == 0)


def test_between_refreshes_the_stock_kernels_run(monkeypatch):
    from hnrc_lib.curvature import reroute

    found, seen, plain = case("lstm"), [], reroute.run_recurrent
    monkeypatch.setattr(reroute, "run_recurrent", lambda *a, **k: (seen.append(1), plain(*a, **k))[1])
    optimizer = HNRC(found.parameters, 0.1, 1.0, curvature=settings("ggn", "gradient", refresh=2))
    counts = []
    for _ in range(4):
        optimizer.step(found.closure("ggn"))
        counts.append(len(seen))
    assert counts == [1, 1, 2, 2]


@pytest.mark.parametrize("matrix", ["hessian", "ggn", "fisher"])
def test_a_parameter_that_is_not_used_and_layers_keep_to_themselves(matrix):
    found, idle = case("mlp"), torch.ones(3, dtype=F64, requires_grad=True)
    how = settings(matrix, per_layer=True, safeguard="line")
    optimizer = HNRC([*found.parameters, idle], 0.1, 1.0, rank=2, curvature=how)
    for _ in range(2):
        optimizer.step(found.closure(matrix))
    assert idle.tolist() == [1.0, 1.0, 1.0]
    assert optimizer.last_step.accepted


def test_a_rank_above_the_size_is_that_of_the_size():
    x, closure = quadratic(torch.diag(torch.tensor([4.0, 1.0], dtype=F64)), torch.tensor([3.0, 1.0]).double())
    HNRC([x], 1.0, 1.0, rank=5, curvature=settings("hessian", "previous")).step(closure)
    torch.testing.assert_close(x.detach(), torch.tensor([0.6, 0.5], dtype=F64))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": 0}, "rank must be at least 1, got 0"),
        ({"rank": 2, "curvature": settings(directions="gradient")}, "directions must be random or previous"),
        ({"momentum": 1.0}, r"momentum must lie in \[0, 1\), got 1.0"),
        ({"scaling": "lion"}, "scaling must be one of none"),
        ({"lr": 0.0}, "lr must be finite and positive, got 0.0"),
        ({"lr": float("nan")}, "lr must be finite and positive, got nan"),
        ({"damping": 0.0}, "damping must be finite and positive, got 0.0"),
        ({"damping": -1.0}, "damping must be finite and at least 0, got -1.0"),
        ({"weight_decay": -0.1}, "weight_decay must be finite and not negative, got -0.1"),
    ],
)
def test_arguments_out_of_range_are_refused(monkeypatch, options, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        HNRC([torch.ones(2, requires_grad=True)], **{"lr": 0.1, "damping": 1.0} | options)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"directions": "up"}, "directions must be one of gradient, .* got 'up'"),
        ({"safeguard": "belt"}, "safeguard must be one of line, floor, none, got 'belt'"),
        ({"matrix": "jacobian"}, "matrix must be one of hessian, ggn, fisher, got 'jacobian'"),
        ({"on_failure": "pray"}, "on_failure must be one of reject, skip, stop, got 'pray'"),
        ({"refresh": 0}, "refresh must be at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(monkeypatch, field, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        LowRankCurvature(**field)


def test_an_exact_step_of_a_linear_model_with_squared_error():
    generator = torch.Generator().manual_seed(0)
    A, y = torch.randn(20, 4, generator=generator, dtype=F64), torch.randn(20, generator=generator, dtype=F64)
    w = torch.zeros(4, dtype=F64, requires_grad=True)

    def closure():
        z = A @ w
        return functional.mse_loss(z, y), z

    HNRC([w], 1.0, 1e-9, rank=4, curvature=settings("ggn")).step(closure)
    torch.testing.assert_close(w.detach(), torch.linalg.lstsq(A, y.unsqueeze(1)).solution.squeeze(1))
