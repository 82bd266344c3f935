import subprocess
import sys

import pytest
import torch

from hnrc_lib.sequence import ctc_kernels, ctc_lattice, ctc_loss, ctc_loss_from_logits, ctc_tangent
from hnrc_lib.sequence.ctc_kernels import check_choice, kernels

CPU = torch.device("cpu")


@pytest.mark.parametrize("choice", ["auto", "torch"])
def test_torch_operations_are_taken_unless_the_kernels_are_asked_for(choice):
    check_choice(choice, CPU)
    chosen = kernels(choice)
    assert chosen.lattice is ctc_lattice.ctc_lattice
    assert chosen.covariance_product is ctc_tangent.covariance_product


def test_triton_is_not_imported_before_it_is_asked_for():
    program = """
import sys, torch
from hnrc_lib.sequence import ctc_loss_from_logits
leaf = torch.zeros(3, 1, 2, requires_grad=True)
loss = ctc_loss_from_logits(leaf, torch.tensor([[1]]), (3,), (1,))
torch.autograd.grad(loss, leaf, create_graph=True)
print([name for name in sys.modules if name == "triton" or "ctc_triton" in name])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_kernels_by_name():
    pytest.importorskip("triton")
    from hnrc_lib.sequence import ctc_triton_lattice, ctc_triton_tangent

    chosen = kernels("triton")
    assert chosen.lattice is ctc_triton_lattice.ctc_lattice
    assert chosen.covariance_product is ctc_triton_tangent.covariance_product


@pytest.mark.parametrize("face", [ctc_loss, ctc_loss_from_logits])
def test_an_unknown_kernel_is_refused(face):
    with pytest.raises(ValueError, match="kernel must be 'auto', 'torch' or 'triton', got 'cuda'"):
        face(torch.zeros(2, 1, 2), torch.tensor([[1]]), (2,), (1,), kernel="cuda")


def test_the_kernels_want_a_card(monkeypatch):
    pytest.importorskip("triton")
    from hnrc_lib.sequence import ctc_triton_lattice

    monkeypatch.setattr(ctc_triton_lattice, "INTERPRETED", False)
    with pytest.raises(ValueError, match="kernel 'triton' needs scores on a CUDA card, got cpu"):
        ctc_loss(torch.zeros(2, 1, 2), torch.tensor([[1]]), (2,), (1,), kernel="triton")
    check_choice("triton", torch.device("cuda", 1))
    monkeypatch.setattr(ctc_triton_lattice, "INTERPRETED", True)
    check_choice("triton", CPU)


def test_the_kernels_want_triton(monkeypatch):
    monkeypatch.setattr(ctc_kernels, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="needs the package triton, which is not installed"):
        check_choice("triton", CPU)


def test_the_kernels_want_a_triton_that_gathers_across_warps(monkeypatch):
    triton = pytest.importorskip("triton")
    monkeypatch.setattr(triton, "__version__", "3.3.1")
    with pytest.raises(ValueError, match=r"needs triton 3.4 or later, got 3\.3\.1"):
        check_choice("triton", CPU)
