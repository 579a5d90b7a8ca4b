"""The process of a worker: makes the jobs that the run sends it, until the run ends.

The run starts it with an environment of its own, so that libraries see its share of the processors
and its GPU when they are loaded. If the run dies, so does the worker.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from iqabench.contract.errors import IqabenchError

TICK_SECONDS = 0.1
"""Progress is sent at most so often, except where one kind of work ends or another begins."""


def main(handle: int, root: str) -> None:
    """Work through the jobs that come through the connection ``handle``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the run, which ends its workers
    os.dup2(2, 1)  # a library may print past Python
    run = _Run(Connection(handle))
    while True:
        run.make(pickle.loads(run.jobs.get()), Path(root))


class _Run:
    """The other end of the connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._told, self._what = 0.0, ""
        threading.Thread(target=self._receive, daemon=True).start()

    def make(self, job: Any, root: Path) -> None:
        """Make a job, and send how that ended; its result is in the store."""
        from iqabench.engine.making import make
        from iqabench.store import Store

        try:
            made = make(job, Store(root), self._tick, lambda line: self._send("say", line))
        except IqabenchError as error:
            self._send("stopped", error.message, error.hint)
        except Exception as error:
            self._send("stopped", f"{type(error).__name__}: {error}", "")
        else:
            self._send("made", made.fresh)

    def _receive(self) -> None:
        """Receive jobs; end the process with the run."""
        while True:
            try:
                self.jobs.put(self.connection.recv_bytes())
            except (EOFError, OSError):
                os._exit(1)

    def _tick(self, done: int, total: int, what: str) -> None:
        turn = done == total or what != self._what
        if turn or time.monotonic() - self._told > TICK_SECONDS:
            self._told, self._what = time.monotonic(), what
            self._send("tick", done, total, what)

    def _send(self, *message: Any) -> None:
        with self._lock:
            self.connection.send(message)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
