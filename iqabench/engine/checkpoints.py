"""The files from which an interrupted fit goes on, each with a checksum.

A file holds the SHA-256 of the rest as a line of hexadecimal digits, then the rest. Torch's own
reader compares no checksums, so that a flipped byte would change a weight in silence. A file is
written beside its place, brought to the disk and renamed.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from safetensors.torch import load, save
from torch import Tensor, nn

from iqabench.store.files import write_atomically

LINE = 65
"""Bytes of the first line: 64 digits and a line break."""


class DamagedError(Exception):
    """A file is absent, or a byte of it is not as it was written."""


class CheckedFiles(TorchCheckpointIO):
    """Lets Lightning write and read its checkpoints in this form."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write a checkpoint whole or not at all."""
        stream = io.BytesIO()
        torch.save(checkpoint, stream)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        _write(Path(path), stream.getbuffer())

    def load_checkpoint(self, path: Any, *_: Any, **__: Any) -> dict[str, Any]:
        """A checkpoint, on the CPU; unpickles no code."""
        return checkpoint(Path(path))


def checkpoint(path: Path) -> dict[str, Any]:
    """What Lightning wrote, on the CPU; unpickles no code.

    Raises:
        DamagedError: the file is absent or damaged.
    """
    found: dict[str, Any] = torch.load(
        io.BytesIO(_content(path)), map_location="cpu", weights_only=True
    )
    return found


def is_whole(path: Path) -> bool:
    """Whether a file is there and as it was written."""
    try:
        _content(path)
    except DamagedError:
        return False
    return True


def plain_state(model: nn.Module) -> dict[str, Tensor]:
    """The state dict as contiguous CPU tensors that share no memory; safetensors requires this."""
    return {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in model.state_dict().items()
    }


def save_state(path: Path, state: dict[str, Tensor]) -> None:
    """Write the weights of a finished stage."""
    _write(path, memoryview(save(state)))


def load_state(path: Path, network: nn.Module) -> None:
    """Load the weights of a finished stage.

    Raises:
        DamagedError: the file is absent or damaged.
    """
    network.load_state_dict(load(_content(path)))


def _write(path: Path, content: memoryview) -> None:
    def write(part: Path) -> None:
        with part.open("wb") as stream:
            stream.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
            stream.write(content)

    write_atomically(path, write, lasting=True)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            head, content = stream.read(LINE), stream.read()
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror or error}") from error
    if head != hashlib.sha256(content).hexdigest().encode() + b"\n":
        raise DamagedError(f"{path} is damaged: its content does not fit its checksum")
    return content
