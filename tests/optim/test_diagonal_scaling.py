import jaxtyping
import pytest
import torch

from hnrc_lib.optim.diagonal_scaling import diagonal_scaling

OPTIMIZERS = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad}


@pytest.mark.parametrize("scaling", OPTIMIZERS)
def test_it_divides_as_torch_does(scaling):
    gradients = torch.randn(5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    options = {"betas": (0.0, 0.999)} if scaling == "adam" else {}
    theirs, memory, mine = OPTIMIZERS[scaling]([x], lr=0.1, **options), {}, torch.zeros(4).double()
    for gradient in gradients:
        x.grad = gradient.clone()
        theirs.step()
        mine -= 0.1 * gradient / diagonal_scaling(scaling, gradient, memory)
        torch.testing.assert_close(mine, x.detach(), rtol=1e-12, atol=1e-12)


def test_none_is_ones_and_remembers_nothing():
    memory = {}
    assert diagonal_scaling("none", torch.tensor([3.0]), memory).tolist() == [1.0]
    assert memory == {}


def test_an_unknown_scaling_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="scaling must be one of none, adam, rmsprop, adagrad, got 'lion'"):
        diagonal_scaling("lion", torch.ones(1), {})
