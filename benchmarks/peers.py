"""How each peer is asked for products with a Hessian; a peer is imported when it is asked.

Every function takes a problem and returns a function of a flat vector. Where a peer changes what it is given
(PyHessian puts the model in evaluation mode and leaves gradients behind), it gets a copy.
"""

import contextlib
import copy
import dataclasses
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import Tensor

from benchmarks.problems import Problem, flat

Product = Callable[[Tensor], Tensor]

PACKAGES = {
    "PyHessian": "PyHessian",
    "curvlinops": "curvlinops-for-pytorch",
    "hessian-eigenthings": "hessian-eigenthings",
    "backpack": "backpack-for-pytorch",
    "asdl": "asdfghjkl",
    "loss-landscapes": "loss-landscapes",
}


def versions() -> dict[str, str]:
    """Peer to installed version; those that are not installed are left out."""
    found = {}
    for name, package in PACKAGES.items():
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(package)
    return found


def own_copy(problem: Problem) -> Problem:
    """The same problem with a model of its own."""
    return dataclasses.replace(problem, model=copy.deepcopy(problem.model))


def pyhessian(problem: Problem) -> Any:
    """PyHessian's object, which keeps the graph of the gradient."""
    import pyhessian as package

    mine = own_copy(problem)
    return package.hessian(mine.model, mine.criterion, data=(mine.inputs, mine.targets), cuda=False)


def pyhessian_product(problem: Problem) -> Product:
    """On the kept graph."""
    from pyhessian.utils import hessian_vector_product

    kept = pyhessian(problem)
    return lambda vector: flat(hessian_vector_product(kept.gradsH, kept.params, problem.split(vector)))


def curvlinops(problem: Problem) -> Any:
    """curvlinops' operator; each product evaluates the loss again."""
    from curvlinops import HessianLinearOperator

    data = [(problem.inputs, problem.targets)]
    return HessianLinearOperator(
        problem.model, problem.criterion, problem.parameters, data, check_deterministic=False
    )


def curvlinops_product(problem: Problem) -> Product:
    """One product, or a block of them."""
    operator = curvlinops(problem)
    return lambda vector: operator @ vector


def curvlinops_ggn(problem: Problem) -> Product:
    """The same for the Gauss–Newton matrix."""
    from curvlinops import GGNLinearOperator

    data = [(problem.inputs, problem.targets)]
    operator = GGNLinearOperator(
        problem.model, problem.criterion, problem.parameters, data, check_deterministic=False
    )
    return lambda vector: operator @ vector


def eigenthings(problem: Problem, **options: Any) -> Any:
    """hessian-eigenthings' operator; each product evaluates the loss again."""
    import hessian_eigenthings as package

    loss = package.supervised_loss(problem.criterion)
    return package.HessianOperator(problem.model, [(problem.inputs, problem.targets)], loss, **options)


def eigenthings_product(problem: Problem) -> Product:
    """By differentiating twice."""
    return eigenthings(problem).matvec


def eigenthings_difference(problem: Problem) -> Product:
    """By finite differences, its other method; it moves the weights, so it gets a copy."""
    return eigenthings(own_copy(problem), method="finite_difference").matvec


def eigenthings_ggn(problem: Problem) -> Product:
    """The same for the Gauss–Newton matrix."""
    import hessian_eigenthings as package

    loss = package.supervised_loss_of_output(problem.criterion)
    data = [(problem.inputs, problem.targets)]
    return package.GGNOperator(problem.model, data, package.supervised_forward, loss).matvec


def backpack_product(problem: Problem) -> Product:
    """The Hessian-free part of backpack, which takes any loss."""
    from backpack.hessianfree.hvp import hessian_vector_product

    def product(vector: Tensor) -> Tensor:
        loss = problem.criterion(problem.model(problem.inputs), problem.targets)
        return flat(hessian_vector_product(loss, problem.parameters, problem.split(vector)))

    return product


def _asdl_maker(problem: Problem, shapes: list[str]) -> tuple[Problem, Any]:
    """A copy of the problem and asdl's maker of its Hessian."""
    import asdl

    mine = own_copy(problem)
    maker = asdl.HessianMaker(mine.model, asdl.HessianConfig(hessian_shapes=shapes))
    outputs = maker.setup_model_call(mine.model, mine.inputs)
    maker.setup_loss_call(mine.criterion, outputs, mine.targets)
    return mine, maker


def asdl_product(problem: Problem) -> Product:
    """asdl has no product of its own in public; its power method's is taken."""
    import asdl

    mine, maker = _asdl_maker(problem, [])

    def product(vector: Tensor) -> Tensor:
        return flat(list(maker._get_hvp_fn()(asdl.ParamVector(mine.parameters, vector)).values()))

    return product


def asdl_hessian(problem: Problem) -> Callable[[], Tensor]:
    """asdl's full Hessian."""
    mine, maker = _asdl_maker(problem, ["full"])

    def hessian() -> Tensor:
        maker.forward_and_backward()
        return mine.model.hessian.data

    return hessian


def torch_product(problem: Problem) -> Product:
    """torch's own: the gradient differentiated once more, from nothing."""

    def product(vector: Tensor) -> Tensor:
        gradient = problem.gradient(record=True)
        return flat(torch.autograd.grad(gradient, problem.parameters, problem.split(vector)))

    return product


def torch_kept_product(problem: Problem) -> Product:
    """torch's own, on a kept graph."""
    gradient = problem.gradient(record=True)

    def product(vector: Tensor) -> Tensor:
        parts = torch.autograd.grad(gradient, problem.parameters, problem.split(vector), retain_graph=True)
        return flat(parts)

    return product


PRODUCTS: dict[str, Callable[[Problem], Product]] = {
    "PyHessian": pyhessian_product,
    "curvlinops": curvlinops_product,
    "hessian-eigenthings": eigenthings_product,
    "hessian-eigenthings, finite difference": eigenthings_difference,
    "backpack": backpack_product,
    "asdl": asdl_product,
}
