"""What all curvature optimisers promise: state, policy in trouble, refusals, hooks, groups."""

import copy
import json
import math
import warnings

import jaxtyping
import pytest
import torch
from closures import case, flat, quadratic
from safetensors.torch import load, save
from torch import nn

from hnrc_lib.optim import HNRC, Curvature, DampedNewton, DiagonalNewton, HessianFree, LowRankCurvature
from hnrc_lib.training.checkpoint import pack_state, unpack_state

F64 = torch.float64


def low_rank(**settings):
    return LowRankCurvature(**{"matrix": "ggn", "refresh": 3} | settings)


MAKERS = {
    "hnrc": lambda p: HNRC(p, 0.3, 0.5, rank=2, curvature=low_rank(), momentum=0.5, scaling="adam"),
    "hnrc_one": lambda p: HNRC(p, 0.3, "lm:1", curvature=low_rank(directions="step"), momentum=0.5),
    "hnrc_layers": lambda p: HNRC(p, 0.3, 0.5, rank=2, curvature=low_rank(per_layer=True), weight_decay=0.1),
    "newton": lambda p: DampedNewton(p, 0.3, "nielsen:0.5", curvature=Curvature("ggn", refresh=3)),
    "hessian_free": lambda p: HessianFree(p, 1.0, preconditioner="diagonal"),
    "diagonal": lambda p: DiagonalNewton(
        p, 0.1, "decay:1:0.1:9", curvature=Curvature("ggn", refresh=3), momentum=0.5, memory=0.5
    ),
}


def run(optimizer, found, steps):
    for _ in range(steps):
        optimizer.step(found.closure("ggn"))


@pytest.mark.parametrize("name", MAKERS)
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(name):
    whole = case("mlp", torch.float32)
    steady = MAKERS[name](whole.parameters)
    run(steady, whole, 5)  # between two refreshes
    tensors = {}
    text = json.dumps(pack_state("o", steady.state_dict(), tensors))
    data = save({key: value.contiguous() for key, value in tensors.items()})
    resumed = case("mlp", torch.float32)
    with torch.no_grad():
        for mine, theirs in zip(resumed.parameters, whole.parameters, strict=True):
            mine.copy_(theirs)
    torch.randn(7)  # the global generator has no part in it
    other = MAKERS[name](resumed.parameters)
    other.load_state_dict(unpack_state(json.loads(text), load(data)))
    run(steady, whole, 4)
    run(other, resumed, 4)
    assert torch.equal(flat(resumed.parameters), flat(whole.parameters))
    assert repr(other.last_step) == repr(steady.last_step)
    assert other.param_groups[0]["damping"] == steady.param_groups[0]["damping"]


@pytest.mark.parametrize("name", MAKERS)
def test_same_seed_same_steps_and_a_copy_goes_its_own_way(name):
    one, other = case("mlp"), case("mlp")
    first, second = MAKERS[name](one.parameters), MAKERS[name](other.parameters)
    torch.manual_seed(1)
    run(first, one, 4)
    torch.manual_seed(2)
    run(second, other, 4)
    assert torch.equal(flat(one.parameters), flat(other.parameters))
    copied = copy.deepcopy(second)
    assert (copied.curvature, copied.rule) == (second.curvature, second.rule)
    assert copied.last_step == second.last_step or name in ("diagonal", "hnrc", "hnrc_layers")  # NaN ≠ NaN


def test_another_seed_gives_other_steps():
    places = []
    for seed in (0, 1, -(2**31)):
        found = case("mlp")
        HNRC(found.parameters, 0.3, 0.5, rank=2, curvature=low_rank(seed=seed)).step(found.closure("ggn"))
        places.append(flat(found.parameters))
    assert not torch.equal(places[0], places[1])
    assert not torch.equal(places[0], places[2])


class _Bent(torch.autograd.Function):
    """0, with gradient 0 and infinite curvature."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.zeros_like(x)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return _Slope.apply(x) * upstream


class _Slope(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.zeros_like(x)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return torch.full_like(x, math.inf) * upstream


HESSIAN = {
    "hnrc": lambda p, c: HNRC(p, 0.5, 1.0, curvature=LowRankCurvature("hessian", **c), momentum=0.5),
    "hnrc_two": lambda p, c: HNRC(p, 0.5, 1.0, 2, curvature=LowRankCurvature("hessian", **c), momentum=0.5),
    "newton": lambda p, c: DampedNewton(p, 0.5, 1.0, curvature=Curvature("hessian", **c)),
    "hessian_free": lambda p, c: HessianFree(p, 0.5, 1.0, curvature=Curvature("hessian", **c)),
    "free_diagonal": lambda p, c: HessianFree(
        p, 0.5, 1.0, curvature=Curvature("hessian", **c), preconditioner="diagonal"
    ),
    "diagonal": lambda p, c: DiagonalNewton(p, 0.5, 1.0, curvature=Curvature("hessian", **c), momentum=0.5),
}
TROUBLES = ("loss", "gradient", "curvature")


class Ball:
    """½‖x‖², with what is not finite in the place a test names."""

    def __init__(self):
        self.x = torch.tensor([1.0, 2.0], dtype=F64, requires_grad=True)
        self.trouble = None

    def __call__(self):
        loss = self.x.square().sum() / 2
        if self.trouble == "loss":
            return loss * math.nan
        if self.trouble == "gradient":
            return loss + (self.x - self.x.detach()).abs().sqrt().sum()
        return loss + _Bent.apply(self.x).sum() if self.trouble else loss


def snapshot(optimizer, x):
    return copy.deepcopy(optimizer.state_dict()), x.detach().clone()


def same_state(left, right):
    return repr(left) == repr(right)


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", HESSIAN)
def test_skip_and_stop_leave_everything_and_reject_goes_back(name, trouble):
    for policy in ("skip", "stop", "reject"):
        ball = Ball()
        optimizer = HESSIAN[name]([ball.x], {"on_failure": policy})
        optimizer.step(ball)
        earlier = ball.x.detach().clone()
        optimizer.step(ball)
        state, place = snapshot(optimizer, ball.x)
        ball.trouble = trouble
        if policy == "stop":
            with pytest.raises(FloatingPointError, match=r"not finite: loss .*, gradient norm .*, damping 1"):
                optimizer.step(ball)
        else:
            optimizer.step(ball)
        assert not optimizer.last_step.accepted
        assert "not finite" in optimizer.last_step.reason
        if policy == "reject":
            assert torch.equal(ball.x, earlier)
            assert "undone" in optimizer.last_step.reason
        else:
            assert torch.equal(ball.x, place)
            assert same_state(optimizer.state_dict(), state)
        ball.trouble = None
        optimizer.step(ball)
        assert optimizer.last_step.accepted
        assert optimizer.last_step.damping == (10.0 if policy == "reject" else 1.0)
        optimizer.step(ball)
        assert optimizer.last_step.damping == 1.0
        assert float(ball.x.detach().norm()) < float(earlier.norm())


def test_trouble_at_the_first_step_moves_nothing_and_passes():
    for trouble in TROUBLES:
        ball = Ball()
        ball.trouble = trouble
        optimizer = HESSIAN["hnrc"]([ball.x], {})
        optimizer.step(ball)
        optimizer.shared["rejections"] = 400  # λ·10⁴⁰⁰ would be no number
        optimizer.step(ball)
        assert ball.x.tolist() == [1.0, 2.0]
        ball.trouble = None
        optimizer.step(ball)
        assert optimizer.last_step.accepted


@pytest.mark.parametrize("name", HESSIAN)
def test_a_cliff_is_found_by_raising_the_damping_until_it_is_not_jumped(name):
    # Finite only to the right of a point that tenfold damping alone does not keep the step from.
    x = torch.tensor([1.0], dtype=F64, requires_grad=True)

    def closure():
        return (-(x - 0.999).sqrt() + 50 * x).sum()  # NaN below 0.999

    optimizer = HESSIAN[name]([x], {})
    for group in optimizer.param_groups:
        group["lr"] = 1.0
    losses = [float(optimizer.step(closure)) for _ in range(20)]
    finite = [loss for loss in losses if math.isfinite(loss)]
    assert finite[-1] < finite[0]
    if not name.startswith(("hessian_free", "free")):  # those look before they leap
        assert len(finite) < len(losses)


def test_a_step_that_overflows_raises_the_damping_where_it_stands():
    x, closure = quadratic(torch.diag(torch.tensor([1.0, 1e-30])), torch.tensor([1.0, 1e30]))
    how = LowRankCurvature("hessian", directions="gradient", safeguard="none")
    optimizer = HNRC([x], 1.0, 1e-39, curvature=how)
    optimizer.step(closure)
    assert x.tolist() == [1.0, float(torch.tensor(1e30))]
    assert optimizer.last_step.reason == "the step is not finite"
    for _ in range(12):
        optimizer.step(closure)
        if optimizer.last_step.accepted:
            break
    assert optimizer.last_step.accepted
    assert bool(torch.isfinite(x).all())


def test_transforms_see_parts_and_a_transform_that_breaks_the_step_is_a_failure():
    found = case("mlp")
    optimizer, seen = HNRC(found.parameters, 0.1, 1.0, curvature=low_rank(directions="gradient")), []
    optimizer.gradient_transforms.append(lambda parts, parameters: parts[0].zero_())
    optimizer.step_transforms.append(
        lambda parts, parameters: (seen.append([p.shape for p in parts]), [p.mul_(2) for p in parts])[0]
    )
    before = flat(found.parameters)
    optimizer.step(found.closure("ggn"))
    assert seen == [[p.shape for p in found.parameters]]
    assert optimizer.last_step.step_norm == pytest.approx(float((flat(found.parameters) - before).norm()))
    assert not any(p.requires_grad for p in optimizer.shared.values() if isinstance(p, torch.Tensor))
    optimizer.step_transforms.append(lambda parts, parameters: parts[-1].fill_(math.nan))
    state, place = copy.deepcopy(optimizer.state_dict()), flat(found.parameters)
    optimizer.step(found.closure("ggn"))
    assert torch.equal(flat(found.parameters), place)
    state["state"][0]["shared"]["rejections"] = 1
    assert same_state(optimizer.state_dict(), state)


def test_the_prediction_is_that_of_the_step_that_was_taken():
    H = torch.diag(torch.tensor([4.0, 4.0], dtype=F64))
    x, closure = quadratic(H, torch.ones(2, dtype=F64))
    optimizer = DampedNewton([x], 1.0, "lm:1", curvature=Curvature("hessian"))
    optimizer.gradient_transforms.append(lambda parts, parameters: parts[0].mul_(0.5))
    optimizer.step_transforms.append(lambda parts, parameters: parts[0].mul_(0.25))
    optimizer.step(closure)
    assert optimizer.last_step.gain_ratio == pytest.approx(1.0)
    assert optimizer.last_step.gradient_norm == pytest.approx(4 * 2**0.5)


def test_a_step_that_does_not_lower_the_loss_is_taken_back_to_the_bit():
    x = torch.tensor([1.0], dtype=F64, requires_grad=True)
    optimizer = DampedNewton(
        [x], 1.0, "lm:1e-3:10", curvature=Curvature("hessian"), not_positive_definite="absolute_eigenvalues",
        weight_decay=1e-3,
    )  # fmt: skip

    def closure():
        return (x.square() / 2 + 100 * torch.relu(0.9 - x)).sum()

    optimizer.step(closure)
    assert x.tolist() == [1.0]
    info = optimizer.last_step
    assert (info.accepted, info.step_norm, info.reason) == (False, 0.0, "the loss did not fall")
    assert optimizer.param_groups[0]["damping"] == pytest.approx(1e-2)
    for _ in range(6):
        optimizer.step(closure)
    assert 0.9 < float(x.detach()) < 1.0


def test_a_closure_that_fails_in_the_middle_leaves_the_parameters():
    x = torch.tensor([1.0], dtype=F64, requires_grad=True)
    calls = []

    def closure():
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("no more data")
        return x.square().sum()

    for make in (
        lambda: DampedNewton([x], 1.0, "lm:1", curvature=Curvature("hessian")),
        lambda: HessianFree([x], curvature=Curvature("hessian")),
    ):
        calls.clear()
        with pytest.raises(RuntimeError, match="no more data"):
            make().step(closure)
        assert x.tolist() == [1.0]


def test_schedulers_and_the_rate_of_a_group():
    found = case("mlp")
    optimizer = HNRC(found.parameters, 0.4, 1.0, curvature=low_rank(directions="gradient"), momentum=0.9)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step(found.closure("ggn"))
        scheduler.step()
    assert rates == [0.4, 0.4, 0.2, 0.2, 0.1]
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=6)  # moves lr and momentum
    momenta = set()
    for _ in range(5):
        optimizer.step(found.closure("ggn"))
        cycle.step()
        momenta.add(optimizer.param_groups[0]["momentum"])
    assert len(momenta) > 3
    assert bool(torch.isfinite(flat(found.parameters)).all())
    warm = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: float(epoch > 0))
    before = flat(found.parameters)
    optimizer.step(found.closure("ggn"))  # lr = 0
    assert torch.equal(flat(found.parameters), before)
    warm.step()


@pytest.mark.parametrize("name", MAKERS)
def test_groups_may_come_and_layers_freeze_and_thaw(name):
    found = case("mlp")
    optimizer = MAKERS[name](found.parameters[:2])
    run(optimizer, found, 2)
    still = found.parameters[2].detach().clone()
    optimizer.add_param_group({"params": found.parameters[2:], "lr": 0.05})
    run(optimizer, found, 2)
    assert not torch.equal(found.parameters[2], still)
    found.parameters[0].requires_grad_(False)  # the parameter that the shared state lies with
    frozen, count = found.parameters[0].detach().clone(), optimizer.shared["count"]
    run(optimizer, found, 2)
    assert torch.equal(found.parameters[0], frozen)
    assert optimizer.shared["count"] == count + 2
    found.parameters[0].requires_grad_(True)
    run(optimizer, found, 1)
    assert bool(torch.isfinite(flat(found.parameters)).all())
    for parameter in found.parameters:
        parameter.requires_grad_(False)
    with pytest.raises(ValueError, match="at least one tensor that requires a gradient, got none"):
        optimizer.step(found.closure("ggn"))


def test_named_parameters_and_ones_that_stand_still():
    found = case("mlp")
    found.parameters[1].requires_grad_(False)
    still = found.parameters[1].detach().clone()
    optimizer = HNRC(found.model.named_parameters(), 0.1, 1.0, curvature=low_rank(directions="gradient"))
    optimizer.step(found.closure("ggn"))
    assert optimizer.param_groups[0]["param_names"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert torch.equal(found.parameters[1], still)
    again = HNRC(found.model.named_parameters(), 0.1, 1.0, curvature=low_rank(directions="gradient"))
    again.load_state_dict(optimizer.state_dict())
    again.step(found.closure("ggn"))


@pytest.mark.parametrize(
    ("group", "error", "message"),
    [
        ({"lr": -1.0}, ValueError, "lr must be finite and positive, got -1.0"),
        ({"damping": "lm:1"}, TypeError, "damping of a group must be a number, got 'lm:1'"),
        ({"damping": math.nan}, ValueError, "damping must be finite and not negative, got nan"),
        ({"dtype": torch.float64}, TypeError, "params must share one dtype and device"),
    ],
)
def test_a_group_out_of_range_is_refused_and_not_kept(group, error, message):
    optimizer = DampedNewton([torch.ones(1, requires_grad=True)])
    dtype = group.pop("dtype", torch.float32)
    with pytest.raises(error, match=message):
        optimizer.add_param_group({"params": [torch.ones(1, dtype=dtype, requires_grad=True)]} | group)
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16])
def test_parameters_of_reduced_precision_are_refused(dtype):
    with pytest.raises(TypeError, match=f"params must be float32 or float64, got {dtype}"):
        DampedNewton([torch.ones(1, dtype=dtype, requires_grad=True)])


def test_nothing_to_train_is_refused():
    with pytest.raises(ValueError, match="at least one tensor that requires a gradient, got none"):
        DampedNewton([torch.ones(1)])


def test_autocast_is_refused_around_the_step_and_inside_the_closure():
    model, x = nn.Linear(2, 2), torch.ones(3, 2)
    optimizer = DampedNewton(model.parameters(), curvature=Curvature("hessian"))
    before = flat(list(model.parameters()))

    def mixed():
        with torch.autocast("cpu", torch.bfloat16):
            z = model(x)
        return z.float().square().mean()

    with pytest.raises(ValueError, match="autocast must be off, got it on for 'cpu'"):
        optimizer.step(mixed)
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(ValueError, match="autocast must be off"):
        optimizer.step(lambda: model(x).float().square().mean())
    assert torch.equal(flat(list(model.parameters())), before)


def test_a_grad_scaler_refuses_the_closure():
    x = torch.ones(1, requires_grad=True)
    optimizer = DampedNewton([x], curvature=Curvature("hessian"))
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(x.sum()).backward()
    with pytest.raises(RuntimeError, match="Closure use is not currently supported"):
        scaler.step(optimizer, closure=lambda: x.square().sum())
    assert x.tolist() == [1.0]


def test_no_closure_is_a_type_error(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    optimizer = DampedNewton([torch.ones(1, requires_grad=True)])
    with pytest.raises(TypeError, match="closure"):
        optimizer.step()
    with pytest.raises(TypeError, match="closure must be a function that returns the loss, got None"):
        optimizer.step(None)


def test_a_caller_without_gradients_gets_the_same_step():
    places = []
    for mode in (torch.enable_grad, torch.no_grad, torch.inference_mode):
        found = case("mlp")
        optimizer = MAKERS["hnrc"](found.parameters)
        for _ in range(4):
            with mode():
                loss = optimizer.step(found.closure("ggn"))
        assert not loss.requires_grad
        assert not any(p.is_inference() for p in found.parameters)
        places.append(flat(found.parameters))
    assert torch.equal(places[0], places[1])
    assert torch.equal(places[0], places[2])


def test_hooks_run_and_may_change_the_closure():
    x, closure = quadratic(torch.eye(1, dtype=F64), torch.ones(1, dtype=F64))
    optimizer, seen = DampedNewton([x], 1.0, 1.0, curvature=Curvature("hessian")), []

    def before(optimizer, arguments, options):
        seen.append("before")
        return (optimizer, lambda: 3 * closure()), options

    optimizer.register_step_pre_hook(before)
    optimizer.register_step_post_hook(
        lambda optimizer, arguments, options: seen.append(optimizer.last_step.loss)
    )
    optimizer.step(closure)
    assert seen == ["before", 1.5]
    assert x.tolist() == [0.25]


def test_running_statistics_move_once_a_step():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(8, 3, generator=generator), torch.randint(0, 2, (8,), generator=generator)
    for make in (
        lambda p: HessianFree(p, curvature=Curvature("hessian")),
        lambda p: HNRC(
            p, 0.1, "lm:1", curvature=LowRankCurvature("hessian", directions="gradient", refresh=2)
        ),
    ):
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))
        optimizer, mean = make(model.parameters()), torch.zeros(4)
        for step in range(4):
            with torch.no_grad():
                mean = 0.9 * mean + 0.1 * model[0](x).mean(dim=0)
            optimizer.step(lambda model=model: nn.functional.cross_entropy(model(x), y))
            torch.testing.assert_close(model[1].running_mean, mean)
            assert int(model[1].num_batches_tracked) == step + 1


def test_dropout_is_refused_where_curvature_is_taken():
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))
    optimizer, before = HessianFree(model.parameters()), flat(list(model.parameters()))

    def closure():
        z = model(torch.ones(2, 3))
        return z.square().mean(), z

    with pytest.raises(ValueError, match=r"dropout \(p=0.5\) is in training mode: call model.eval\(\)"):
        optimizer.step(closure)
    assert torch.equal(flat(list(model.parameters())), before)
    model.eval()
    optimizer.step(closure)
    assert optimizer.last_step.accepted


def test_no_warning_comes_out_of_a_step():
    found = case("lstm", torch.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(MAKERS["hnrc"](found.parameters), found, 4)
