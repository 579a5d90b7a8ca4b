"""Compiles networks with ``torch.compile``, where the machine has a compiler."""

from __future__ import annotations

from typing import Any

import torch

from iqabench.contract.errors import UsageError

BACKEND = "inductor"


def compiled(work: Any) -> Any:
    """A network, or a function of it, whose first call compiles it; sizes are compiled one each."""
    return torch.compile(work, backend=BACKEND)


def check(device: str) -> None:
    """Compile a sum, which takes seconds.

    Raises:
        UsageError: the machine has no compiler that torch can use.
    """
    try:
        compiled(lambda numbers: (numbers + 1).sum())(torch.ones(8, device=device))
    except Exception as error:  # whatever torch, Triton or a C++ compiler raises
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        raise UsageError(
            f"torch cannot compile for {device} here: {type(error).__name__}: {first[:200]}",
            "leave --compile out, or install a C++ compiler (CPU) or Triton (GPU)",
        ) from error
