"""Checkpoints: tensors as safetensors, the rest as JSON; whole or not there; nothing is unpickled."""

import hashlib
import json
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from hnrc_lib.files import write_through

_PREFIX = "step-"


class DamagedCheckpointError(ValueError):
    """A checkpoint whose files are not what was written; the message names it and what is wrong."""


@dataclass(frozen=True)
class Checkpoint:
    """State of a run after a step.

    Attributes:
        step: steps done.
        tensors: by name; on any device when written, on the CPU when read.
        values: whatever JSON holds.
    """

    step: int
    tensors: dict[str, Tensor] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(folder: Path, checkpoint: Checkpoint, *, keep: int = 2) -> Path:
    """Write a checkpoint beside its final name, flush it to disk, rename it, then drop the oldest.

    A process killed at any moment, or a full disk, leaves the earlier checkpoints as they were.

    Args:
        folder: where a run's checkpoints lie; made if need be.
        checkpoint: what to write.
        keep: how many checkpoints stay, > 0.

    Returns:
        Folder of the checkpoint, ``step-00000123``, holding ``state.safetensors`` and ``state.json``.

    Raises:
        OSError: the disk is full or the folder cannot be written; no half checkpoint stays.

    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = save_checkpoint(Path(name), Checkpoint(3, {"w": torch.ones(2)}, {"epoch": 1}))
    ...     newest = load_newest(Path(name))[0]
    >>> newest.step, newest.tensors["w"], newest.values
    (3, tensor([1., 1.]), {'epoch': 1})
    """
    folder.mkdir(parents=True, exist_ok=True)
    for half in folder.glob(".*.part"):
        shutil.rmtree(half)
    target = folder / f"{_PREFIX}{checkpoint.step:08d}"
    half = folder / f".{target.name}.{uuid.uuid4().hex[:8]}.part"
    tensors = save_tensors(
        {name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()}
    )
    content = {
        "step": checkpoint.step,
        "values": checkpoint.values,
        "sha256": hashlib.sha256(tensors).hexdigest(),
    }
    text = json.dumps(content, allow_nan=True).encode()
    try:
        half.mkdir()
        for name, data in (("state.safetensors", tensors), ("state.json", text)):
            write_through(half / name, data)
        if target.exists():
            shutil.rmtree(target)
        half.rename(target)
    except OSError:
        shutil.rmtree(half, ignore_errors=True)
        raise
    for old in checkpoint_folders(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def checkpoint_folders(folder: Path) -> list[Path]:
    """Folders of a run's checkpoints, oldest first."""
    return sorted(path for path in folder.glob(f"{_PREFIX}*") if path.is_dir())


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and check it against the hash that was written with it.

    Raises:
        DamagedCheckpointError: a file is absent, cut or changed.
    """
    try:
        content = json.loads((path / "state.json").read_bytes())
        data = (path / "state.safetensors").read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != content["sha256"]:
            raise DamagedCheckpointError(
                f"checkpoint {path} is damaged: sha256 of state.safetensors must be {content['sha256']}, "
                f"got {found}"
            )
        return Checkpoint(content["step"], load_tensors(data), content["values"])
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, SafetensorError) as error:
        raise DamagedCheckpointError(f"checkpoint {path} is damaged: {error}") from error


def load_newest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that is whole, and a sentence for each newer one that is damaged.

    >>> load_newest(Path("nowhere"))
    (None, [])
    """
    damaged: list[str] = []
    for path in reversed(checkpoint_folders(folder)):
        try:
            return load_checkpoint(path), damaged
        except DamagedCheckpointError as error:
            damaged.append(str(error))
    return None, damaged


def pack_state(prefix: str, state: Any, tensors: dict[str, Tensor]) -> Any:
    """A nested state as JSON holds it, its tensors moved to ``tensors`` under names of their own.

    Dictionaries become lists of pairs, so that keys that are numbers come back as numbers.

    Args:
        prefix: of the tensors' names.
        state: dictionaries, lists, tuples, numbers, strings, booleans, None and tensors.
        tensors: receives the tensors.

    Raises:
        TypeError: anything else; names its place.

    >>> import torch
    >>> tensors = {}
    >>> packed = pack_state("o", {0: {"step": torch.tensor(2.0)}, "lr": 0.1}, tensors)
    >>> unpack_state(packed, tensors)
    {0: {'step': tensor(2.)}, 'lr': 0.1}
    """
    if isinstance(state, Tensor):
        tensors[prefix] = state
        return {"tensor": prefix}
    if isinstance(state, dict):
        pairs = [[key, pack_state(f"{prefix}.{key}", value, tensors)] for key, value in state.items()]
        return {"pairs": pairs}
    if isinstance(state, list | tuple):
        items = [pack_state(f"{prefix}.{index}", value, tensors) for index, value in enumerate(state)]
        return {"tuple" if isinstance(state, tuple) else "list": items}
    if state is None or isinstance(state, bool | int | float | str):
        return {"value": state}
    raise TypeError(f"{prefix} must be a tensor, a number, text or a collection of them, got {type(state)}")


def unpack_state(packed: Any, tensors: dict[str, Tensor]) -> Any:
    """What ``pack_state`` was given."""
    ((kind, content),) = packed.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "pairs":
        return {key: unpack_state(value, tensors) for key, value in content}
    if kind in ("list", "tuple"):
        items = [unpack_state(value, tensors) for value in content]
        return tuple(items) if kind == "tuple" else items
    return content
