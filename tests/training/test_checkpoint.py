"""Checkpoints: what is read is what was written, or the file is named."""

import json

import pytest
import torch

from hnrc_lib.training.checkpoint import (
    Checkpoint,
    DamagedCheckpointError,
    checkpoint_folders,
    load_checkpoint,
    load_newest,
    pack_state,
    save_checkpoint,
    unpack_state,
)


def test_the_state_of_an_optimizer_comes_back_to_the_bit():
    parameter = torch.nn.Parameter(torch.randn(3))
    optimizer = torch.optim.Adam([parameter], lr=0.1)
    parameter.square().sum().backward()
    optimizer.step()
    tensors = {}
    packed = json.loads(json.dumps(pack_state("o", optimizer.state_dict(), tensors)))
    state = unpack_state(packed, tensors)
    assert state["param_groups"] == optimizer.state_dict()["param_groups"]
    torch.testing.assert_close(state["state"], optimizer.state_dict()["state"], rtol=0, atol=0)


def test_what_json_cannot_hold_is_refused_by_its_place():
    with pytest.raises(TypeError, match=r"o\.a\.1 must be a tensor, a number"):
        pack_state("o", {"a": [1, object()]}, {})


def test_only_the_newest_stay(tmp_path):
    for step in range(5):
        save_checkpoint(tmp_path, Checkpoint(step, {"w": torch.full((2,), step)}), keep=2)
    assert [path.name for path in checkpoint_folders(tmp_path)] == ["step-00000003", "step-00000004"]


@pytest.mark.parametrize(
    "hurt",
    [
        lambda path: (path / "state.safetensors").write_bytes(b""),
        lambda path: (path / "state.safetensors").unlink(),
        lambda path: (path / "state.json").write_text("{", "utf-8"),
        lambda path: (path / "state.json").write_text("{}", "utf-8"),
        lambda path: (path / "state.json").write_bytes(b"\xff\xfe"),
    ],
)
def test_a_hurt_checkpoint_is_named_and_passed_over(tmp_path, hurt):
    save_checkpoint(tmp_path, Checkpoint(1, {"w": torch.ones(2)}))
    newest = save_checkpoint(tmp_path, Checkpoint(2, {"w": torch.ones(2)}))
    hurt(newest)
    with pytest.raises(DamagedCheckpointError, match="step-00000002 is damaged"):
        load_checkpoint(newest)
    found, damaged = load_newest(tmp_path)
    assert found.step == 1
    assert len(damaged) == 1


def test_the_half_written_is_cleared_away(tmp_path):
    (tmp_path / ".step-00000007.abc.part").mkdir()
    save_checkpoint(tmp_path, Checkpoint(8))
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000008"]


def test_the_same_step_may_be_written_again(tmp_path):
    save_checkpoint(tmp_path, Checkpoint(1, {"w": torch.zeros(2)}))
    save_checkpoint(tmp_path, Checkpoint(1, {"w": torch.ones(2)}))
    assert load_newest(tmp_path)[0].tensors["w"].tolist() == [1, 1]
