import pytest
import torch
import torch.autograd.forward_ad as forward_ad
from ctc_oracle import losses, padded, random_batch
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap

from hnrc_lib.curvature import hessian_vector_product
from hnrc_lib.sequence import (
    ctc_gauss_newton_product,
    ctc_lattice,
    ctc_loss,
    ctc_loss_from_logits,
    ctc_tangent,
)

FACES = {"log_probs": (ctc_loss, False), "logits": (ctc_loss_from_logits, True)}


class Problem:
    """A small batch, its loss by ours and by the recursion, weighted so that no utterance is like another."""

    def __init__(self, face, logits):
        self.scores, self.targets, self.lengths = random_batch(11, 5, 3, 3, 2)
        self.labels, self.sizes = padded(self.targets)
        self.weights = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
        self.face, self.logits = face, logits

    def losses(self, scores):
        return self.face(scores, self.labels, self.lengths, self.sizes, reduction="none")

    def loss(self, scores):
        return (self.weights * self.losses(scores)).sum()

    def exact(self, scores):
        return (self.weights * losses(scores, self.targets, self.lengths, logits=self.logits)).sum()

    def graph(self):
        leaf = self.scores.clone().requires_grad_()
        return leaf, torch.autograd.grad(self.loss(leaf), leaf, create_graph=True)[0]


@pytest.fixture(params=FACES)
def problem(request):
    return Problem(*FACES[request.param])


def exact_hessian(problem):
    return torch.autograd.functional.hessian(problem.exact, problem.scores)


def test_gradcheck_in_every_mode(problem):
    leaf = problem.scores.clone().requires_grad_()
    assert gradcheck(problem.losses, (leaf,), check_forward_ad=True)
    assert gradgradcheck(problem.losses, (leaf,), check_fwd_over_rev=True, check_rev_over_rev=True)


@pytest.mark.parametrize("outer", [jacfwd, jacrev])
@pytest.mark.parametrize("inner", [jacfwd, jacrev])
def test_hessian_by_every_pair_of_modes(problem, outer, inner):
    ours = outer(inner(problem.loss))(problem.scores)
    torch.testing.assert_close(ours, exact_hessian(problem), rtol=1e-9, atol=1e-9)


def test_hessian_is_symmetric(problem):
    size = problem.scores.numel()
    matrix = hessian(problem.loss)(problem.scores).reshape(size, size)
    torch.testing.assert_close(matrix, matrix.mT, rtol=0, atol=1e-13)


def test_first_derivatives_of_torch_func(problem):
    expected = torch.autograd.functional.jacobian(problem.exact, problem.scores)
    direction = torch.randn_like(problem.scores)
    torch.testing.assert_close(grad(problem.loss)(problem.scores), expected)
    torch.testing.assert_close(
        jvp(problem.loss, (problem.scores,), (direction,))[1], (expected * direction).sum()
    )
    _, pull = vjp(problem.losses, problem.scores)
    torch.testing.assert_close(pull(problem.weights)[0], expected)
    with forward_ad.dual_level():
        value = problem.loss(forward_ad.make_dual(problem.scores, direction))
        torch.testing.assert_close(forward_ad.unpack_dual(value).tangent, (expected * direction).sum())


def test_product_on_a_kept_graph_is_the_fresh_one_and_linear(problem):
    leaf, gradient = problem.graph()
    first, second = torch.randn(2, *leaf.shape, dtype=torch.float64)

    def kept(vector):
        return torch.autograd.grad(gradient, leaf, vector, retain_graph=True)[0]

    once = kept(first)
    other = problem.graph()
    assert torch.equal(once, torch.autograd.grad(other[1], other[0], first)[0])
    assert torch.equal(once, kept(first))
    torch.testing.assert_close(kept(2 * first - 3 * second), 2 * once - 3 * kept(second))
    torch.testing.assert_close((second * once).sum(), (first * kept(second)).sum())


def test_many_directions_share_one_lattice(problem, monkeypatch):
    leaf, gradient = problem.graph()
    calls = []
    product = ctc_tangent.covariance_product
    monkeypatch.setattr(
        ctc_tangent, "covariance_product", lambda *args: calls.append(args[0].shape) or product(*args)
    )
    vectors = torch.randn(4, 2, *leaf.shape, dtype=torch.float64)

    def one(vector):
        return torch.autograd.grad(gradient, leaf, vector, retain_graph=True)[0]

    together = vmap(vmap(one))(vectors)
    assert [shape[0] for shape in calls] == [8]
    for i in range(4):
        for j in range(2):
            torch.testing.assert_close(together[i, j], one(vectors[i, j]))


def test_vmap_over_scores_targets_and_lengths(problem):
    scores = torch.randn(4, 6, 3, 3, dtype=torch.float64).log_softmax(-1)
    labels = torch.randint(1, 3, (4, 3, 2))
    lengths, sizes = torch.randint(5, 7, (4, 3)), torch.randint(0, 3, (4, 3))
    vectors = torch.randn_like(scores)

    def loss(x, y, n, m):
        return problem.face(x, y, n, m, reduction="sum")

    def product(x, y, n, m, v):
        return jvp(lambda z: grad(loss)(z, y, n, m), (x,), (v,))[1]

    for function, arguments in (
        (loss, (scores, labels, lengths, sizes)),
        (grad(loss), (scores, labels, lengths, sizes)),
        (product, (scores, labels, lengths, sizes, vectors)),
    ):
        one_by_one = torch.stack([function(*parts) for parts in zip(*arguments, strict=True)])
        torch.testing.assert_close(vmap(function)(*arguments), one_by_one)
    shared = torch.stack([grad(loss)(x, labels[0], lengths[0], sizes[0]) for x in scores])
    torch.testing.assert_close(
        vmap(grad(loss), (0, None, None, None))(scores, labels[0], lengths[0], sizes[0]), shared
    )


def test_vmap_over_concatenated_targets(problem):
    sizes, lengths = torch.tensor([2, 1, 0]), torch.tensor([5, 4, 3])
    targets = torch.tensor([[1, 2, 1], [2, 2, 2]])

    def loss(labels):
        return problem.face(problem.scores.log_softmax(-1), labels, lengths, sizes)

    torch.testing.assert_close(vmap(loss)(targets), torch.stack([loss(row) for row in targets]))


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-4), (torch.float64, 1e-9)])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_products_of_every_convention(problem, dtype, rtol, reduction):
    """Blank behind the labels, targets joined, lengths in int32, one utterance without a batch axis."""
    scores, targets, lengths = random_batch(14, 9, 3, 4, 3, blank=3)
    scores, vector = scores.to(dtype), torch.randn_like(scores).to(dtype)
    joined = torch.tensor([label for target in targets for label in target], dtype=torch.int32)
    sizes = [len(target) for target in targets]
    weights = torch.tensor([max(size, 1) for size in sizes]).double() * len(sizes)

    def exact(x):
        each = losses(x, targets, lengths, 3, logits=problem.logits)
        return (each / weights).sum() if reduction == "mean" else each.sum()

    def ours(x):
        sized = torch.tensor(lengths).int(), torch.tensor(sizes).int()
        return problem.face(x, joined, *sized, 3, reduction).sum()

    def alone(x):
        return problem.face(x, joined[: sizes[0]], lengths[0], sizes[0], 3, reduction)

    def product(loss, x, v):
        return jvp(grad(loss), (x,), (v,))[1]

    expected = product(exact, scores.double(), vector.double())
    close = {"rtol": rtol, "atol": rtol * float(expected.abs().max())}
    torch.testing.assert_close(product(ours, scores, vector).double(), expected, **close)
    leaf = scores.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(ours(leaf), leaf, create_graph=True)
    torch.testing.assert_close(torch.autograd.grad(gradient, leaf, vector)[0].double(), expected, **close)
    first = product(alone, scores[:, 0], vector[:, 0]).double()
    scale = len(sizes) if reduction == "mean" else 1
    torch.testing.assert_close(first, scale * expected[:, 0], **close)


def test_per_sample_gradients_of_many_cotangents(problem):
    leaf = problem.scores.log_softmax(-1).requires_grad_()
    each = problem.losses(leaf)
    rows = vmap(lambda w: torch.autograd.grad(each, leaf, w, retain_graph=True)[0])(
        torch.eye(3, dtype=torch.float64)
    )
    for i, row in enumerate(rows):
        torch.testing.assert_close(row, torch.autograd.grad(each[i], leaf, retain_graph=True)[0])


def test_first_order_alone_never_builds_the_lattice(problem, monkeypatch):
    def forbidden(*args):
        raise AssertionError("the lattice was built")

    monkeypatch.setattr(ctc_lattice, "ctc_lattice", forbidden)
    leaf = problem.scores.log_softmax(-1).requires_grad_()
    problem.loss(leaf).backward()
    assert leaf.grad is not None
    with pytest.raises(AssertionError, match="the lattice was built"):
        torch.autograd.grad(problem.loss(leaf), leaf, create_graph=True)


@pytest.mark.parametrize(
    "third",
    [
        lambda f, x, v: jacrev(hessian(f))(x),
        lambda f, x, v: jacfwd(hessian(f))(x),
        lambda f, x, v: grad(lambda z: (jvp(grad(f), (z,), (v,))[1] * v).sum())(x),
        lambda f, x, v: jvp(lambda z: jvp(lambda y: jvp(f, (y,), (v,))[1], (z,), (v,))[1], (x,), (v,)),
        lambda f, x, v: vmap(lambda u: jvp(lambda z: jvp(grad(f), (z,), (v,))[1], (x,), (u,))[1])(v[None]),
    ],
)
def test_third_derivatives_are_refused(problem, third):
    with pytest.raises(RuntimeError, match="CTC is differentiable twice, and a third derivative"):
        third(problem.loss, problem.scores, torch.randn_like(problem.scores))


def test_a_third_backward_is_refused_but_not_a_derivative_in_the_direction(problem):
    leaf, gradient = problem.graph()
    direction, other = torch.randn(2, *leaf.shape, dtype=torch.float64)
    direction.requires_grad_()
    (product,) = torch.autograd.grad(gradient, leaf, direction, create_graph=True)
    (adjoint,) = torch.autograd.grad(product, direction, other, retain_graph=True)
    torch.testing.assert_close(adjoint, torch.autograd.grad(gradient, leaf, other, retain_graph=True)[0])
    with pytest.raises(RuntimeError, match="third derivative with respect to the scores"):
        torch.autograd.grad(product, leaf, other)


def test_gradient_flows_to_the_weight_of_an_utterance(problem):
    weights = problem.weights.clone().requires_grad_()
    leaf = problem.scores.log_softmax(-1).requires_grad_()
    (gradient,) = torch.autograd.grad(problem.losses(leaf), leaf, weights, create_graph=True)
    (mixed,) = torch.autograd.grad(gradient.sum(), weights)
    expected = [torch.autograd.grad(one, leaf, retain_graph=True)[0].sum() for one in problem.losses(leaf)]
    torch.testing.assert_close(mixed, torch.stack(expected))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_gauss_newton_product_is_the_part_of_the_hessian_without_the_alignments(reduction):
    problem = Problem(ctc_loss_from_logits, True)
    arguments = problem.labels, problem.lengths, problem.sizes
    size = problem.scores.numel()

    def product(vector):
        return ctc_gauss_newton_product(problem.scores, vector, *arguments, reduction=reduction)

    columns = torch.eye(size, dtype=torch.float64).view(size, *problem.scores.shape)
    matrix = torch.stack([product(column) for column in columns]).view(size, size)
    torch.testing.assert_close(vmap(product)(columns).view(size, size), matrix)
    full = hessian(lambda x: ctc_loss_from_logits(x, *arguments, reduction=reduction))(problem.scores)
    # The Hessian of log Z at log_probs = logits, taken without their softmax, is the covariance.
    covariance = hessian(lambda x: ctc_loss(x, *arguments, reduction=reduction))(problem.scores)
    torch.testing.assert_close((full - covariance).view(size, size), matrix)
    assert torch.linalg.eigvalsh(matrix).min() > -1e-12
    assert torch.linalg.eigvalsh(full.view(size, size)).min() < -1e-3


def test_gauss_newton_product_skips_padding_and_infeasible_targets():
    logits, vector = torch.randn(2, 3, 2, 4)
    product = ctc_gauss_newton_product(logits, vector, torch.tensor([[1, 1], [1, 2]]), (2, 2), (2, 2))
    assert not product[:, 0].any()
    assert not product[2].any()
    assert product[:2, 1].any()


def test_gauss_newton_product_refuses_what_it_cannot_weigh():
    logits, labels = torch.randn(3, 1, 4), torch.tensor([[1]])
    with pytest.raises(ValueError, match="reduction must be 'sum' or 'mean' for a product, got 'none'"):
        ctc_gauss_newton_product(logits, logits, labels, (3,), (1,), reduction="none")
    with pytest.raises(
        ValueError, match=r"vector must be like logits, \(3, 1, 4\) torch.float32, got \(2, 1, 4\)"
    ):
        ctc_gauss_newton_product(logits, logits[:2], labels, (3,), (1,))


def test_products_in_the_parameters_of_a_model():
    logits, targets, lengths = random_batch(13, 8, 3, 4, 3)
    labels, sizes = padded(targets)
    params = {"weight": torch.randn(4, 5, dtype=torch.float64), "bias": torch.randn(4, dtype=torch.float64)}
    inputs = torch.randn(8, 3, 5, dtype=torch.float64)
    vector = {name: torch.randn_like(value) for name, value in params.items()}

    def product(loss):
        def of_params(p):
            return loss(torch.tanh(torch.nn.functional.linear(inputs, p["weight"], p["bias"])) + logits)

        return hessian_vector_product(of_params, params, vector)

    ours = product(lambda x: ctc_loss_from_logits(x, labels, lengths, sizes, reduction="sum"))
    exact = product(lambda x: losses(x, targets, lengths, logits=True).sum())
    torch.testing.assert_close(ours, exact)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_card_computes_what_the_processor_does(dtype):
    scores, targets, lengths = random_batch(12, 30, 4, 6, 8)
    labels, sizes = padded(targets)
    results = []
    for device in ("cpu", "cuda"):
        leaf = scores.to(device, dtype).requires_grad_()
        loss = ctc_loss_from_logits(leaf, labels.to(device), lengths, sizes)
        (plain,) = torch.autograd.grad(loss, leaf, retain_graph=True)
        (gradient,) = torch.autograd.grad(loss, leaf, create_graph=True)
        (product,) = torch.autograd.grad(gradient, leaf, leaf.detach().cos())
        results.append([tensor.detach().cpu() for tensor in (loss, plain, gradient, product)])
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-5)
