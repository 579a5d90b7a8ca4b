"""Chooses the executor that a user asks for."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from iqabench.contract.errors import MissingDependencyError, UsageError
from iqabench.engine.device import visible_gpus
from iqabench.kit.processors import cores, share_of, threads

if TYPE_CHECKING:
    from iqabench.engine.executors.base import Executor, Request

Name = Literal["local", "ray", "slurm"]
MEMORY = 4.0
"""GB that Ray and Slurm are asked for, for each job, unless the user says another number."""


@dataclass(frozen=True)
class Spread:
    """How the jobs of a run are spread over processes and machines."""

    executor: Name = "local"
    """Who makes the jobs: this machine, a Ray cluster or Slurm."""
    jobs: int | None = None
    """Jobs at once; None makes one after the other here, and leaves it to Ray or Slurm there."""
    devices: tuple[str, ...] = ()
    """Numbers of GPUs of this machine; each makes one job at a time."""
    threads: int | None = None
    """Threads of each job; None divides the processors of this machine among the jobs."""
    memory: float | None = None
    """GB that Ray or Slurm is asked for, for each job; None for 4."""
    address: str | None = None
    """Of a Ray cluster; None starts one on this machine, unless ``$RAY_ADDRESS`` names one."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            UsageError: a number is below 1, or an option is of another executor.
            MissingDependencyError: the executor's library is not installed.
        """
        for name in ("jobs", "threads", "memory"):
            value = getattr(self, name)
            if value is not None and not value >= (1 if name != "memory" else 0.001):
                raise UsageError(f"--{name} {value:g} is too small", "give 1 or more")
        here = self.executor == "local"
        for name, belongs in (
            ("devices", here),
            ("memory", not here),
            ("address", self.executor == "ray"),
        ):
            if getattr(self, name) and not belongs:
                raise UsageError(f"--{name}: not with --executor {self.executor}", "leave it out")
        if self.devices and self.jobs is not None:
            raise UsageError("--jobs and --devices", "each device makes one job at a time")
        library = {"ray": "ray", "slurm": "submitit"}.get(self.executor)
        if library is not None and importlib.util.find_spec(library) is None:
            raise MissingDependencyError(
                f"--executor {self.executor} needs {library}, which is not installed",
                f"pip install 'iqabench[{self.executor}]'",
            )

    @property
    def elsewhere(self) -> bool:
        """Whether other machines may make the jobs, so that this one need not have the device."""
        return self.executor != "local"

    def chosen(self, device: str) -> Executor:
        """The executor.

        Args:
            device: ``cpu``, ``cuda`` or ``mps``, on which networks compute.

        Raises:
            UsageError: this machine does not have the GPUs, or has no Slurm.
        """
        if self.executor == "ray":
            from iqabench.engine.executors.on_ray import OnRay

            return OnRay(self._request(device), self.jobs, self.address)
        if self.executor == "slurm":
            from iqabench.engine.executors.on_slurm import OnSlurm

            return OnSlurm(self._request(device), self.jobs)
        if self.devices:
            return self._on_gpus(device)
        if self.jobs in (None, 1) and self.threads is None:
            from iqabench.engine.executors.base import Serial

            return Serial()
        return self._processes([{}] * (self.jobs or 1))

    def _on_gpus(self, device: str) -> Executor:
        if device != "cuda":
            raise UsageError(
                f"--devices {','.join(self.devices)}: the run computes on {device}, not on GPUs",
                "--jobs N makes N jobs at once on processors",
            )
        there = visible_gpus()
        for name in self.devices:
            if name not in there or self.devices.count(name) > 1:
                what = f"no GPU '{name}' here" if name not in there else f"{name} twice"
                known = f"known: {', '.join(there)}" if there else "this machine has none"
                raise UsageError(f"--devices {','.join(self.devices)}: {what}", known)
        return self._processes([{"CUDA_VISIBLE_DEVICES": there[name]} for name in self.devices])

    def _processes(self, more: list[dict[str, str]]) -> Executor:
        from iqabench.engine.executors.processes import Processes

        if sys.platform == "win32":
            raise UsageError("worker processes need a POSIX system", "leave --jobs out")
        share = share_of(len(more), self.threads)
        return Processes([{**share, **one} for one in more])

    def _request(self, device: str) -> Request:
        from iqabench.engine.executors.base import Request

        each = self.threads or (threads() if self.jobs is None else max(1, cores() // self.jobs))
        return Request(each, int(device == "cuda"), self.memory or MEMORY)
