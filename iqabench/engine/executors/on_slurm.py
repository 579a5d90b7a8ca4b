"""Makes jobs on a Slurm cluster through submitit, in two arrays: fits, then what waits for them.

All machines see the store, so that results need not travel. Partition, account and time are what
``$SBATCH_PARTITION``, ``$SBATCH_ACCOUNT`` and ``$SBATCH_TIMELIMIT`` say.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iqabench.contract.errors import IqabenchError, UsageError
from iqabench.contract.progress import Watcher
from iqabench.engine.executors.base import Request, Task
from iqabench.engine.executors.parcels import Packed, Parcel, opened, packed, refuse_other_code
from iqabench.engine.making import Made, give_up, make
from iqabench.engine.summary import summary
from iqabench.kit.processors import settings_of
from iqabench.store import Store

SECONDS = 1.0
"""Between two looks at the jobs."""
MINUTES = 24 * 60
"""Time of a job. One that takes longer is queued again, and goes on from its last epoch."""
ARRAY = 1000
"""Slurm's usual bound on the tasks of an array; submitit makes several arrays of more."""


@dataclass(frozen=True)
class OnSlurm:
    """Makes each job in a task of an array job."""

    request: Request
    jobs: int | None = None
    """The most tasks at once; None leaves it to Slurm."""
    cluster: str = "slurm"
    """``local`` runs submitit's processes on this machine, for tests."""

    def make(
        self, tasks: Sequence[Task], store: Store, watch: Watcher
    ) -> Iterator[tuple[Task, Made]]:
        """See :meth:`iqabench.engine.executors.base.Executor.make`.

        Raises:
            UsageError: this machine has no Slurm.
            IqabenchError: a machine has other code than this one.
        """
        if self.cluster == "slurm" and shutil.which("sbatch") is None:
            raise UsageError("no Slurm here: sbatch is not on the path", "log in where it is")
        here = {task.job.fingerprint for task in tasks}
        first = [task for task in tasks if task.needs not in here]
        later = [task for task in tasks if task.needs in here]
        root = store.root.resolve()
        with ExitStack() as leaving:
            private = Path(tempfile.mkdtemp(prefix=f".{root.name}-slurm-", dir=root.parent))
            leaving.callback(shutil.rmtree, private, ignore_errors=True)
            tick = leaving.enter_context(watch.task("jobs on Slurm"))
            going: list[tuple[Task, Any]] = []
            leaving.callback(lambda: [job.cancel() for _, job in going])
            going += self._submit(first, store, private, ())
            if self.cluster == "slurm":  # Slurm itself lets the second array wait
                going += self._submit(later, store, private, [job for _, job in going])
                later = []
            while going or later:
                for task, job in [one for one in going if one[1].done()]:
                    going.remove((task, job))
                    made = _ended(task, job, store)
                    tick(len(tasks) - len(going) - len(later), len(tasks), "jobs")
                    watch.say(f"{task.name}: {made.job.record.seconds:.1f} s; {summary(made.job)}")
                    yield task, made
                if later and not going:
                    going += self._submit(later, store, private, ())
                    later = []
                time.sleep(SECONDS if going else 0)

    def _submit(
        self, tasks: Sequence[Task], store: Store, private: Path, after: Sequence[Any]
    ) -> list[tuple[Task, Any]]:
        """Submit an array of jobs that begin when others have ended, well or not."""
        import submitit

        executor = submitit.AutoExecutor(folder=private, cluster=self.cluster)
        executor.update_parameters(**self._parameters(after))
        submitted: list[Any] = []
        if tasks:
            root = str(store.root.resolve())
            with executor.batch():
                submitted = [
                    executor.submit(Work(), packed(Parcel.of(task.job)), root, self.request.threads)
                    for task in tasks
                ]
        return list(zip(tasks, submitted, strict=True))

    def _parameters(self, after: Sequence[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": "iqabench",
            "timeout_min": MINUTES,
            "cpus_per_task": self.request.threads,
            "mem_gb": self.request.memory,
        }
        if self.request.gpus:
            found["gpus_per_node"] = self.request.gpus
        if self.cluster == "slurm":
            found["slurm_array_parallelism"] = self.jobs or ARRAY
            settings = settings_of(self.request.threads)
            found["slurm_setup"] = [f"export {name}={value}" for name, value in settings.items()]
            arrays = dict.fromkeys(str(job.job_id).partition("_")[0] for job in after)
            if arrays:
                waits = {"dependency": f"afterany:{':'.join(arrays)}"}
                found["slurm_additional_parameters"] = waits
        return found


class Work:
    """What a task does; if its time ends, Slurm queues it again."""

    def __call__(self, given: Packed, root: str, threads: int) -> tuple[bool, tuple[str, str]]:
        """Make a job; returns whether it was made here, and what kept this machine from it."""
        import torch

        torch.set_num_threads(threads)
        try:
            parcel = opened(given)
            refuse_other_code(parcel)
            made = make(parcel.job, Store(Path(root)), lambda *_: None, print)
        except IqabenchError as error:
            return False, (error.message, error.hint)
        return made.fresh, ("", "")

    def checkpoint(self, *given: Any) -> Any:
        """Ask submitit to begin again: the store has the epochs that are done."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, *given)


def _ended(task: Task, job: Any, store: Store) -> Made:
    """The outcome of a submitit job that is over."""
    if job.exception() is not None:
        state = f"its Slurm job {job.job_id} ended ({job.state})"
        return give_up(task.job, store, state, "run again to go on, with more --memory")
    fresh, (problem, hint) = job.result()
    if problem:
        raise IqabenchError(f"{task.name}: {problem}", hint)
    found = store.job(task.job.fingerprint)
    if found is None:
        return give_up(task.job, store, "its result is not in the store", "do all see the store?")
    return Made(found, fresh)
