"""Measures how long a model works on a picture; what comes from a cache is no work.

Reading and decoding a picture are not counted either: every model needs them, and they cost nothing
where the picture was decoded before.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from iqabench.store.records import Timing


@dataclass
class Work:
    """The work on one picture."""

    spent: float = 0.0
    done: bool = False
    reused: bool = False

    @property
    def seconds(self) -> float | None:
        """The time of all the work; None if a part of it was not done, or no part was measured."""
        return self.spent if self.done and not self.reused else None


_CURRENT: ContextVar[Work | None] = ContextVar("work", default=None)


@contextmanager
def measured() -> Iterator[Work]:
    """Collect the work on a picture that is done inside."""
    work = Work()
    token = _CURRENT.set(work)
    try:
        yield work
    finally:
        _CURRENT.reset(token)


@contextmanager
def working() -> Iterator[None]:
    """Count what is done inside as work of the model."""
    start = time.perf_counter()
    try:
        yield
    finally:
        work = _CURRENT.get()
        if work is not None:
            work.spent += time.perf_counter() - start
            work.done = True


def reused() -> None:
    """Note that a cache served a part of the model's work on this picture."""
    work = _CURRENT.get()
    if work is not None:
        work.reused = True


def timing(device: str, precision: str, pictures: int) -> Timing:
    """On what the work was done, for the record of a job."""
    import torch  # takes a second, which scoring without torch saves

    return Timing(
        device=device,
        hardware=_hardware(device),
        precision=precision,
        threads=torch.get_num_threads(),
        pictures=pictures,
    )


def _hardware(device: str) -> str:
    """The name of the processor, as far as the system tells it."""
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
