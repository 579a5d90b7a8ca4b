"""Makes jobs on a Ray cluster, whose machines need not share a file system.

Each job is a task. Ray runs a task again whose worker is lost; on the same machine it goes on from
the epochs that are done. Weights go from a fit to its predictions through Ray's object store, and
everything comes back to the driver's store.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iqabench.contract.errors import IqabenchError, UsageError
from iqabench.contract.progress import Watcher
from iqabench.engine.executors.base import Request, Schedule, Task
from iqabench.engine.executors.parcels import (
    Content,
    Damaged,
    Packed,
    Parcel,
    content_of,
    fit_needed,
    opened,
    packed,
    receive,
    refuse_other_code,
    unpack,
)
from iqabench.engine.making import Made, give_up, make
from iqabench.engine.summary import summary
from iqabench.kit.processors import cores, settings_of
from iqabench.store import Store

RETRIES = 3
"""So often a task is run again whose worker was lost."""
SECONDS = 0.5
"""Between two looks at whether the user has pressed Ctrl-C."""


@dataclass(frozen=True)
class OnRay:
    """Makes each job in a task of a Ray cluster."""

    request: Request
    jobs: int | None = None
    """The most tasks at once; None submits all that may begin."""
    address: str | None = None

    def make(
        self, tasks: Sequence[Task], store: Store, watch: Watcher
    ) -> Iterator[tuple[Task, Made]]:
        """See :meth:`iqabench.engine.executors.base.Executor.make`.

        Raises:
            UsageError: the cluster cannot be reached, or no machine of it has what a job asks for.
            IqabenchError: a machine has other code than this one, or lacks the data.
        """
        with _cluster(self.address, watch), watch.task("jobs on Ray") as tick:
            run = _Run(self.request, store, watch)
            schedule = Schedule(tasks)
            try:
                run.inspect(tasks[0])
                while True:
                    while self.jobs is None or len(run.going) < self.jobs:
                        task = schedule.next()
                        if task is None:
                            break
                        run.submit(task)
                    if not run.going:
                        return
                    for task, made in run.ended():
                        schedule.ended(task)
                        left = len(run.going) + len(schedule.waiting)
                        tick(len(tasks) - left, len(tasks), "jobs")
                        watch.say(
                            f"{task.name}: {made.job.record.seconds:.1f} s; {summary(made.job)}"
                        )
                        yield task, made
            finally:
                run.end()


class _Run:
    """The tasks of a run that are at work, and the weights that others need."""

    def __init__(self, request: Request, store: Store, watch: Watcher) -> None:
        import ray

        self.ray: Any = ray
        self.store, self.watch = store, watch
        self.going: dict[Any, Task] = {}
        self._weights: dict[str, Any] = {}
        self._scratch = f"iqabench-{uuid.uuid4().hex}"
        self._needs: dict[str, Any] = {
            "num_cpus": request.threads,
            "num_gpus": request.gpus,
            "memory": int(request.memory * 1e9),
        }
        self._settings = {"runtime_env": {"env_vars": settings_of(request.threads)}}
        self._make = ray.remote(_make).options(max_retries=RETRIES, **self._needs, **self._settings)

    def inspect(self, task: Task) -> None:
        """Check that the machines of the cluster have what a job needs, and this one's code.

        Raises:
            UsageError: none has the processors, GPUs or memory.
            IqabenchError: one has other code.
        """
        alive = [node for node in self.ray.nodes() if node["Alive"]]
        if not any(_fits(node["Resources"], self._needs) for node in alive):
            gpus = f", {self._needs['num_gpus']} GPU" if self._needs["num_gpus"] else ""
            raise UsageError(
                f"no machine of the Ray cluster has {self._needs['num_cpus']} CPUs{gpus} and "
                f"{self._needs['memory'] / 1e9:g} GB for a job",
                "--threads and --memory ask for less",
            )
        parcel = packed(Parcel.of(task.job))
        asked = [(node, self._on(node, _inspect).remote(parcel)) for node in alive]
        for node, reference in asked:
            try:
                problem = self.ray.get(reference)
            except self.ray.exceptions.RayTaskError as error:  # such as one without iqabench
                problem = (
                    f"worker {node['NodeManagerHostname']}: {error.cause}",
                    "see docs/scale.md",
                )
            if problem is not None:
                raise IqabenchError(*problem)

    def submit(self, task: Task) -> None:
        """Begin the task of a job; its fit, if it has one, has ended."""
        name = fit_needed(task.job)
        if name is not None and name not in self._weights:
            job = self.store.job(name)
            self._weights[name] = self.ray.put({} if job is None else content_of(job.folder))
        weights = self._weights[name] if name is not None else None
        parcel = packed(Parcel.of(task.job))
        self.going[self._make.remote(parcel, name, weights, self._scratch)] = task

    def ended(self) -> Iterator[tuple[Task, Made]]:
        """The jobs that ended in the last moment, in the driver's store."""
        done, _ = self.ray.wait(list(self.going), timeout=SECONDS)
        for reference in done:
            task = self.going.pop(reference)
            yield task, self._received(task, reference)

    def _received(self, task: Task, reference: Any) -> Made:
        try:
            problem, content = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:
            cause = error.cause
            return give_up(task.job, self.store, f"{type(cause).__name__}: {cause}", "run again")
        except self.ray.exceptions.RayError as error:
            why = f"its Ray worker was lost {RETRIES + 1} times: {type(error).__name__}"
            return give_up(task.job, self.store, why, "run again to go on, with more --memory")
        if problem is not None:
            message, hint = problem
            raise IqabenchError(f"{task.name}: {message}", hint)

        def waits() -> None:
            self.watch.say(f"waits for another run: {task.name}")

        try:
            return receive(task.job, content, self.store, waits)
        except Damaged as error:
            return give_up(task.job, self.store, error.message, error.hint)

    def end(self) -> None:
        """Cancel what is still at work, and remove the scratch folders of all machines."""
        for reference in self.going:
            self.ray.cancel(reference, force=True)
        alive = [node for node in self.ray.nodes() if node["Alive"]]
        swept = [self._on(node, _sweep).remote(self._scratch) for node in alive]
        self.ray.wait(swept, num_returns=len(swept), timeout=10)

    def _on(self, node: dict[str, Any], function: Any) -> Any:
        """A small task on a certain machine."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        return self.ray.remote(function).options(num_cpus=0, scheduling_strategy=there)


@contextmanager
def _cluster(address: str | None, watch: Watcher) -> Iterator[None]:
    """A connection to the cluster; one that the user's program made is left as it is.

    Raises:
        UsageError: there is no cluster at the address.
    """
    import ray

    if ray.is_initialized():
        yield
        return
    asked: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None and not os.environ.get("RAY_ADDRESS"):
        asked |= {"num_cpus": cores(), "include_dashboard": False}
    try:
        with watch.task("starting Ray"):
            ray.init(address=address, **asked)
    except (ConnectionError, ValueError, RuntimeError) as error:
        first = next(iter(str(error).splitlines()), "")
        raise UsageError(f"no Ray cluster at {address}: {first}", "--address HOST:PORT") from error
    try:
        yield
    finally:
        ray.shutdown()


def _fits(there: dict[str, float], needs: dict[str, Any]) -> bool:
    names = {"CPU": "num_cpus", "GPU": "num_gpus", "memory": "memory"}
    return all(there.get(name, 0) >= needs[key] for name, key in names.items())


def _scratch(name: str) -> Path:
    """A folder of this machine that only this user can enter."""
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


Problem = tuple[str, str] | None
"""What keeps a machine from making a job, and a hint."""


def _make(
    given: Packed, fit: str | None, weights: Content | None, scratch: str
) -> tuple[Problem, Content]:
    """The task: make a job; returns the content of its folder."""
    try:
        store = Store(_scratch(scratch))
        learnt = None if fit is None or not weights else (fit, weights)
        job = unpack(opened(given), learnt, store)
        made = make(job, store, lambda done, total, what: None, lambda line: None)
    except IqabenchError as error:
        return (error.message, error.hint), {}
    content = content_of(made.job.folder)
    shutil.rmtree(made.job.folder)
    return None, content


def _inspect(given: Packed) -> Problem:
    """A task: whether this machine has the driver's code."""
    try:
        refuse_other_code(opened(given))
    except IqabenchError as error:
        return error.message, error.hint
    return None


def _sweep(scratch: str) -> None:
    """A task: remove what a run left on this machine."""
    shutil.rmtree(Path(tempfile.gettempdir()) / scratch, ignore_errors=True)
