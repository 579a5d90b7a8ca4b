"""Which device a run computes on."""

from __future__ import annotations

import sys
from pathlib import Path

from iqabench.contract.errors import UsageError


def pick(device: str) -> str:
    """``cpu``, ``cuda`` or ``mps`` for ``auto`` or a name.

    Where the machine cannot have an accelerator, torch is not imported to find out.

    Raises:
        UsageError: the device asked for is not there.
    """
    if device == "cpu" or (device == "auto" and not _possible()):
        return "cpu"
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next((name for name, there in present.items() if there), "cpu")
    if not present[device]:
        raise UsageError(f"no {device} device is available", "--device auto takes what is there")
    return device


def _possible() -> bool:
    return sys.platform != "linux" or any(
        Path(place).exists() for place in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    )
