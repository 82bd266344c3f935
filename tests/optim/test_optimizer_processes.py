import socket

import pytest
import torch
import torch.multiprocessing as mp
from closures import case, flat

from hnrc_lib.optim import HNRC, Curvature, DampedNewton, DiagonalNewton, HessianFree, LowRankCurvature


def make(name, parameters, group=None):
    if name == "hnrc":
        how = LowRankCurvature("ggn", refresh=2, process_group=group)
        return HNRC(parameters, 0.5, "lm:0.5", rank=3, curvature=how, momentum=0.5)
    how = {"curvature": Curvature("fisher" if name == "diagonal" else "ggn", process_group=group)}
    if name == "hessian_free":
        return HessianFree(parameters, preconditioner="nystrom", **how)
    if name == "newton":
        return DampedNewton(parameters, 0.5, 0.5, **how)
    return DiagonalNewton(parameters, 0.5, 1.0, **how)


NAMES = ("hnrc", "hessian_free", "newton", "diagonal")


def course(name, found, group=None):
    optimizer = make(name, found.parameters, group)
    matrix = optimizer.curvature.matrix
    losses = [float(optimizer.step(found.closure(matrix))) for _ in range(3)]
    return [*losses, *flat(found.parameters).tolist(), optimizer.param_groups[0]["damping"]]


def _one_of_two(rank, port, results):
    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    half = slice(3 * rank, 3 * rank + 3)
    for name in NAMES:
        results[name, rank] = course(name, case("mlp", examples=half), torch.distributed.group.WORLD)
    # What is not finite on one process is refused on both, or they would part.
    found = case("mlp", examples=half)
    optimizer = make("hnrc", found.parameters, torch.distributed.group.WORLD)
    before = flat(found.parameters)

    def closure():
        z = found.outputs()
        return found.loss(z) * (float("nan") if rank == 1 else 1.0), z

    optimizer.step(closure)
    results["nan", rank] = [optimizer.last_step.accepted, torch.equal(before, flat(found.parameters))]
    torch.distributed.destroy_process_group()


def test_two_processes_on_halves_equal_one_on_the_whole():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with mp.Manager() as manager:
        results = manager.dict()
        mp.spawn(_one_of_two, (port, results), nprocs=2)
        results = dict(results)
    for name in NAMES:
        assert results[name, 0] == results[name, 1]
        assert results[name, 0] == pytest.approx(course(name, case("mlp")), rel=1e-7, abs=1e-9)
    assert results["nan", 0] == results["nan", 1] == [False, True]
