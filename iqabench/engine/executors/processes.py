"""Makes jobs in several worker processes of this machine at once.

A worker that dies fails the job that it was making, and no other; a new worker takes its place.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any

from iqabench.contract.errors import IqabenchError
from iqabench.contract.progress import ALL_JOBS, Tick, Watcher
from iqabench.engine.executors.base import Schedule, Task
from iqabench.engine.making import Made, give_up
from iqabench.engine.summary import summary
from iqabench.store import Store

START = """
import json, sys
sys.path[:] = json.loads(sys.argv[3])
from iqabench.engine.executors.worker import main
main(int(sys.argv[1]), sys.argv[2])
"""
"""The program of a worker: it finds modules where this process finds them. Python's own ``spawn``
would run the user's script again, and gives no environment before the script's imports."""


@dataclass(frozen=True)
class Processes:
    """Makes as many jobs at once as there are environments, one in each worker process."""

    environments: Sequence[Mapping[str, str]]

    def make(
        self, tasks: Sequence[Task], store: Store, watch: Watcher
    ) -> Iterator[tuple[Task, Made]]:
        """See :meth:`iqabench.engine.executors.base.Executor.make`.

        Raises:
            IqabenchError: a worker met an error that is no job's, such as a store that cannot be
                written. All workers are ended.
        """
        schedule, crew = Schedule(tasks), [_Worker(one) for one in self.environments]
        done, shown = 0, ExitStack()
        whole = shown.enter_context(watch.task(ALL_JOBS))
        try:
            while True:
                for worker in crew:
                    if worker.task is None and (task := schedule.next()) is not None:
                        worker.begin(task, store, watch)
                busy = {worker.connection: worker for worker in crew if worker.task is not None}
                if not busy:
                    return
                for connection in wait(list(busy)):  # type: ignore[arg-type]
                    ended = busy[connection].heard(store, watch)  # type: ignore[index]
                    if ended is not None:
                        schedule.ended(ended[0])
                        done += 1
                        whole(done, len(tasks), "jobs")
                        yield ended
        finally:
            for worker in crew:
                worker.end()
            shown.close()


class _Worker:
    """A worker process, started with its first job, and the job that it makes."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.task: Task | None = None
        self.connection: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._shown = ExitStack()
        self._tick: Tick = lambda done, total, what: None

    def begin(self, task: Task, store: Store, watch: Watcher) -> None:
        """Send the worker a job; it has none at the moment."""
        connection = self._started(store)
        self.task = task
        self._tick = self._shown.enter_context(watch.task(task.name))
        with suppress(OSError):  # it died meanwhile, which :meth:`heard` says
            connection.send_bytes(ForkingPickler.dumps(task.job))

    def heard(self, store: Store, watch: Watcher) -> tuple[Task, Made] | None:
        """Take a message of the worker; returns its job if that has ended."""
        if self.connection is None or self.task is None:
            raise TypeError("the worker makes no job")
        try:
            kind, *message = self.connection.recv()
        except (EOFError, OSError):
            return self._free(give_up(self.task.job, store, *self._death()))
        if kind == "tick":
            self._tick(*message)
        elif kind == "say":
            watch.say(*message)
        elif kind == "stopped":
            error, hint = message
            raise IqabenchError(f"{self.task.name}: {error}", hint)
        else:
            job = store.job(self.task.job.fingerprint)
            if job is None:
                raise IqabenchError(f"{self.task.name}: its result is gone", "who removed it?")
            return self._free(Made(job, fresh=bool(message[0])))
        return None

    def end(self) -> None:
        """End the process at once; what it was making can be resumed."""
        if self.connection is not None:
            self.connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self.connection = None

    def _free(self, made: Made) -> tuple[Task, Made]:
        task, self.task = self.task, None
        self._tick(1, 1, summary(made.job))
        self._shown.close()
        if task is None:
            raise TypeError("the worker makes no job")
        return task, made

    def _death(self) -> tuple[str, str]:
        """How the process ended, and a hint; also clears it away."""
        process: Any = self._process
        code = process.wait()
        self.end()
        if code >= 0:
            return f"its process ended with exit code {code}", "run again to go on"
        name = signal.Signals(-code).name
        why = ": the system kills where memory runs out" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{why}", "run again to go on, with fewer --jobs"

    def _started(self, store: Store) -> Connection:
        if self.connection is None:
            self.connection, theirs = Pipe()
            handle = theirs.fileno()
            words = [str(handle), str(store.root), json.dumps(sys.path)]
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, *words],
                stdin=subprocess.DEVNULL,
                env=self.environment,
                pass_fds=[handle],
            )
            theirs.close()
        return self.connection
