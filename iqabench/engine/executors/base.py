"""The interface of executors, and the simplest: one job after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from iqabench.contract.progress import ALL_JOBS, Watcher
from iqabench.engine.making import Made, make
from iqabench.engine.summary import summary
from iqabench.protocols.plan import FitJob, PredictJob
from iqabench.store import Store


@dataclass(frozen=True)
class Request:
    """What a cluster is asked for, for each job."""

    threads: int
    gpus: int
    memory: float
    """GB."""


@dataclass(frozen=True)
class Task:
    """A job that is to be made, and its name in the progress of the run."""

    job: FitJob | PredictJob
    name: str

    @property
    def needs(self) -> str | None:
        """Fingerprint of the fit whose weights the job uses."""
        fit = self.job.fit if isinstance(self.job, PredictJob) else None
        return fit.fingerprint if fit is not None else None


class Executor(Protocol):
    """Makes jobs."""

    def make(
        self, tasks: Sequence[Task], store: Store, watch: Watcher
    ) -> Iterator[tuple[Task, Made]]:
        """Make the jobs of all tasks, each fit before its predictions; yields each when it ended.

        What a job stores does not depend on the executor.
        """


class Serial:
    """Makes one job after the other in this process."""

    def make(
        self, tasks: Sequence[Task], store: Store, watch: Watcher
    ) -> Iterator[tuple[Task, Made]]:
        """See :meth:`Executor.make`."""
        with watch.task(ALL_JOBS) as whole:
            for done, task in enumerate(tasks, 1):
                with watch.task(task.name) as tick:
                    made = make(task.job, store, tick, watch.say)
                    tick(1, 1, summary(made.job))
                whole(done, len(tasks), "jobs")
                yield task, made


class Schedule:
    """Says which task may begin: a prediction after its fit has ended, well or not."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.waiting = list(tasks)
        self._open = {task.job.fingerprint for task in tasks}

    def next(self) -> Task | None:
        """Take the first task that may begin; None if all that are left wait for a fit."""
        for place, task in enumerate(self.waiting):
            if task.needs not in self._open:
                return self.waiting.pop(place)
        return None

    def ended(self, task: Task) -> None:
        """Note that the job of a task has ended."""
        self._open.discard(task.job.fingerprint)
