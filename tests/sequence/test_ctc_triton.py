"""The Triton kernels without a card: their values in the interpreter, their code as compiled for cards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ctc_oracle import padded, random_batch

from hnrc_lib.sequence import ctc_loss_from_logits

pytest.importorskip("triton")

from triton import compile as compile_kernel
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from hnrc_lib.sequence.ctc_triton_lattice import INTERPRETED, lattice_kernel, launch_options
from hnrc_lib.sequence.ctc_triton_tangent import tangent_kernel

CASES = Path(__file__).with_name("ctc_triton_cases.py")


def test_the_kernels_agree_with_the_torch_operations_in_the_interpreter():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CASES)]
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    done = subprocess.run(command, env=environment, cwd=CASES.parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def signature(kernel, scores, constants):
    """Types of the arguments as a launch would pass them; ``scores`` is the scores' dtype."""
    pointers = {
        **dict.fromkeys(("labels", "input_lengths", "exits"), "*i64"),
        **dict.fromkeys(("skip", "start", "log_paths"), "*fp64"),
        **dict.fromkeys(("scores", "directions", "stay", "step", "jump", "sums"), f"*{scores}"),
    }
    return {
        name: "constexpr" if name in constants else pointers.get(name, "i32") for name in kernel.arg_names
    }


def assembly(kernel, scores, size, card, **constants):
    options = launch_options(size)
    constants |= {"BLOCK": options.pop("BLOCK")}
    if kernel is lattice_kernel:
        constants["FORBIDDEN"] = -1e30
    source = ASTSource(kernel, signature(kernel, scores, constants), constants)
    return compile_kernel(source, target=GPUTarget("cuda", card, 32), options=options).asm["ptx"]


def hazards(ptx):
    """Accesses to shared memory that no barrier parts from those of other threads before them.

    The code is read twice, so that the end of a loop meets its beginning.
    """
    written = read = False
    found = []
    for line in ptx.splitlines() * 2:
        if "bar.sync" in line:
            written = read = False
        elif "ld.shared" in line:
            found += [line] if written else []
            read = True
        elif "st.shared" in line:
            found += [line] if read else []
            written = True
    return found


@pytest.mark.skipif(INTERPRETED, reason="TRITON_INTERPRET is set: nothing is compiled")
class TestCompiled:
    @pytest.mark.parametrize("card", [75, 80, 90])
    @pytest.mark.parametrize("dtype", ["fp32", "fp64"])
    @pytest.mark.parametrize("kernel", [lattice_kernel, tangent_kernel])
    def test_no_thread_reads_what_another_may_still_write(self, kernel, dtype, card):
        ptx = assembly(kernel, dtype, 401, card)
        assert ptx.count("bar.sync") >= 2
        assert "ld.shared" in ptx
        assert hazards(ptx) == []
        assert hazards(ptx.replace("bar.sync", "nothing")) != []

    @pytest.mark.parametrize("kernel", [lattice_kernel, tangent_kernel])
    def test_up_to_thirty_labels_stay_in_one_warp(self, kernel):
        ptx = assembly(kernel, "fp32", 63, 80)
        assert "shfl.sync" in ptx
        assert "shared" not in ptx
        assert launch_options(63)["num_warps"] == 1

    @pytest.mark.parametrize("ones", [("batch",), ("batch", "classes"), ("vectors", "batch", "frames")])
    def test_sizes_of_one_which_triton_compiles_in(self, ones):
        kernel = tangent_kernel if "vectors" in ones else lattice_kernel
        assert assembly(kernel, "fp32", 7, 80, **dict.fromkeys(ones, 1))

    @pytest.mark.parametrize(("kernel", "stores"), [(lattice_kernel, 4), (tangent_kernel, 1)])
    def test_nothing_stored_is_loaded_again(self, kernel, stores):
        """Every output has its store, and what is loaded are inputs: as many loads as the source names."""
        ptx = assembly(kernel, "fp64", 30, 80)  # one lane a thread
        assert ptx.count("st.global") == stores
        assert ptx.count("ld.global") == {lattice_kernel: 6, tangent_kernel: 4}[kernel]


@pytest.mark.parametrize(
    ("size", "block", "warps"), [(1, 32, 1), (63, 64, 1), (65, 128, 2), (2003, 2048, 16)]
)
def test_lanes_are_a_power_of_two(size, block, warps):
    assert launch_options(size) == {"BLOCK": block, "num_warps": warps, "num_stages": 1}


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("frames", "classes", "longest"), [(30, 6, 8), (700, 12, 130), (5000, 40, 300)])
def test_a_card_computes_what_the_torch_operations_do(dtype, frames, classes, longest):
    scores, targets, lengths = random_batch(12, frames, 4, classes, longest, blank=2)
    labels, sizes = padded(targets)
    leaf = scores.to("cuda", dtype).requires_grad_()
    vectors = torch.randn(3, *leaf.shape, device="cuda", dtype=dtype)

    def results(kernel):
        loss = ctc_loss_from_logits(leaf, labels.cuda(), lengths, sizes, blank=2, kernel=kernel)
        (gradient,) = torch.autograd.grad(loss, leaf, create_graph=True)
        products = torch.func.vmap(
            lambda vector: torch.autograd.grad(gradient, leaf, vector, retain_graph=True)[0]
        )(vectors)
        return loss.detach(), gradient.detach(), products

    for _ in range(3):  # a race need not show at once
        torch.testing.assert_close(results("triton"), results("torch"), rtol=1e-4, atol=1e-5)
