"""Decides how a process uses the machine: processors, threads, idle threads, pages of memory.

Nothing else in iqabench chooses a number of threads. OpenMP, with which torch and scikit-learn
compute, OpenBLAS, with which numpy does, and torch read their settings from the environment when
they are loaded. So these are put there when iqabench is imported, unless the user has made them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

SHARE = "IQABENCH_CORES"
"""Environment variable with the most processors that this process may use: its share of a run."""
THREADS = "OMP_NUM_THREADS"
DECIDED = "IQABENCH_THREADS"
"""Environment variable with the number that :func:`settle` put into ``OMP_NUM_THREADS``, so that
child processes do not take it for the user's."""
WAITING = {
    "OMP_WAIT_POLICY": "PASSIVE",  # every OpenMP
    "GOMP_SPINCOUNT": "0",  # GNU's, which torch and scikit-learn bring along
    "KMP_BLOCKTIME": "0",  # Intel's and LLVM's
    "OPENBLAS_THREAD_TIMEOUT": "4",  # 2 to the power of this in ticks: the least it takes
}
"""Threads that wait for others sleep. By default they spin, which takes the processor from whoever
else computes on the machine, and from the very threads that they wait for."""
MEMORY = {"THP_MEM_ALLOC_ENABLE": "1"}
"""Torch takes its memory in huge pages, where the system has them. A training step takes fresh
memory for every large activation, and in pages of 4 KiB that costs a tenth to a quarter of it."""
SETTINGS = {**WAITING, **MEMORY}
CGROUP = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Allowance:
    """What limits the processors of this process; None is no limit."""

    machine: int
    affinity: int | None
    quota: float | None
    """Processors' worth of time that the process's control group may use."""
    share: int | None
    """Share of a run with several jobs at once."""

    @property
    def cores(self) -> int:
        """Number of processors to use; at least 1."""
        quota = None if self.quota is None else math.ceil(self.quota)
        limits = (self.machine, self.affinity, quota, self.share)
        return max(1, min(limit for limit in limits if limit is not None))

    @property
    def text(self) -> str:
        """The limits in words, such as ``16 in the machine, 8 by affinity, 2.5 by quota``."""
        found = [f"{self.machine} in the machine"]
        for limit, name in (
            (self.affinity, "affinity"),
            (self.quota, "quota"),
            (self.share, f"${SHARE}"),
        ):
            if limit is not None:
                found.append(f"{limit:g} by {name}")
        return ", ".join(found)


def cores() -> int:
    """Number of processors that this process may use; at least 1."""
    return allowance().cores


def allowance() -> Allowance:
    """What limits the processors of this process: affinity, control groups, its share of a run."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return Allowance(os.cpu_count() or 1, affinity, _quota(), _number(os.environ.get(SHARE)))


def settle(environment: MutableMapping[str, str] = os.environ) -> None:
    """Put threads and settings into the environment, where the user has not set them.

    It has an effect on libraries that are loaded later.
    """
    for name, value in SETTINGS.items():
        environment.setdefault(name, value)
    if not users_threads(environment):
        environment[THREADS] = environment[DECIDED] = str(cores())


def users_threads(environment: Mapping[str, str] = os.environ) -> str | None:
    """The number of threads that the user set; None where :func:`settle` decides."""
    found = environment.get(THREADS)
    return None if not found or found == environment.get(DECIDED) else found


def threads() -> int:
    """Threads of a job in this process: the user's number, else the processors it may use."""
    # OpenMP takes a list, one number for each level of nesting.
    return _number((users_threads() or "").partition(",")[0]) or cores()


def share_of(jobs: int, threads: int | None = None) -> dict[str, str]:
    """The environment of a worker process, one of so many that compute at once.

    Args:
        jobs: number of workers.
        threads: threads of each; None divides the processors, where the user has set no number.
    """
    given = dict(os.environ)
    given[SHARE] = str(max(1, threads or cores() // jobs))
    users = None if threads else users_threads()
    if not users:
        given[THREADS] = given[DECIDED] = given[SHARE]
    return given


def settings_of(threads: int) -> dict[str, str]:
    """What to add to the environment of a worker elsewhere, which computes with these threads."""
    count = str(threads)
    return {**SETTINGS, SHARE: count, THREADS: count, DECIDED: count}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() and int(text) else None


def _quota() -> float | None:
    """The least quota of this process's control groups and of those around them."""
    found = [quota for quota in _quotas() if quota is not None]
    return min(found, default=None)


def _quotas() -> Iterator[float | None]:
    try:
        lines = OWN_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux, or hidden
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if not controllers:  # version 2
            for folder in _upwards(CGROUP, place):
                yield _ratio(*_words(folder / "cpu.max", 2))
        elif "cpu" in controllers.split(","):  # version 1
            for mounted in {CGROUP / controllers, CGROUP / "cpu"}:
                for folder in _upwards(mounted, place):
                    quota, period = (f"cpu.cfs_{what}_us" for what in ("quota", "period"))
                    yield _ratio(*_words(folder / quota, 1), *_words(folder / period, 1))


def _upwards(mounted: Path, place: str) -> Iterator[Path]:
    """A control group's folder and the folders around it, up to where they are mounted.

    In a container the group's own folder may be hidden, and the mounted one be the group's.
    """
    inside = mounted / place.lstrip("/")
    for folder in (inside, *inside.parents):
        yield folder
        if folder == mounted:
            return


def _words(path: Path, number: int) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()[:number]
    except OSError:
        return []


def _ratio(quota: str = "max", period: str = "") -> float | None:
    """Quota by period; None without a quota, which is ``max`` or -1."""
    if not (quota.isdecimal() and period.isdecimal() and int(period) and int(quota)):
        return None
    return int(quota) / int(period)
