"""Chooses the device on which a run computes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from iqabench.contract.errors import UsageError

BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""What Linux calls units for bf16, on x86 and on ARM."""


def pick(device: str) -> str:
    """The device to use: ``cpu``, ``cuda`` or ``mps``.

    Args:
        device: one of these names, or ``auto``. For ``auto``, torch is imported only if the machine
            may have an accelerator, because the import is slow.

    Raises:
        UsageError: the named device is not available.
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


def slow_bf16(device: str, precision: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """A line where bf16 will be slower than fp32: on a processor without units for it.

    Empty where bf16 is not asked for, or where nothing tells what the processor has.
    """
    if precision != "bf16" or device != "cpu":
        return ""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    flags = {
        flag
        for line in lines
        if line.partition(":")[0].strip() in ("flags", "Features")
        for flag in line.partition(":")[2].split()
    }
    if not flags or flags & BF16_FLAGS:
        return ""
    return "this processor has no units for bf16: --precision bf16 will be slower than fp32"


def _possible() -> bool:
    return sys.platform != "linux" or any(
        Path(place).exists() for place in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    )


def visible_gpus() -> dict[str, str]:
    """Number of each GPU that this process sees -> the system's name for it."""
    import torch

    count = torch.cuda.device_count()
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    names = named if len(named) >= count else [str(number) for number in range(count)]
    return {str(number): names[number] for number in range(count)}
