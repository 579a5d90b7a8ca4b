"""Logs the epochs of a fit through Lightning's loggers.

Nothing of a fit depends on its log. So a log that breaks off ends no training: one line says so.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.protocols.log_places import LogPlace

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

EXPERIMENT = "iqabench"
"""Name of the experiment in MLflow."""
NO_TELEMETRY = "MLFLOW_DISABLE_TELEMETRY"
FLUSH_SECONDS = 5
"""TensorBoard's files are at most so old."""

Log = Callable[[int, Mapping[str, float]], None]
"""Takes the number of an epoch, counted through all stages, and what was measured in it."""


def check(at: LogPlace) -> None:
    """Make the folder, or MLflow's experiment, before any job logs there.

    Raises:
        UsageError: that cannot be done.
    """
    try:
        if at.kind == "tensorboard":
            Path(at.place).mkdir(parents=True, exist_ok=True)
            if not os.access(at.place, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
        else:
            _make_experiment(at.place)
    except Exception as error:  # whatever MLflow and its servers and databases raise
        told = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(
            f"--log {at.kind}:{at.place} cannot be used: {str(told).partition(chr(10))[0]}",
            "name another place, or leave --log out",
        ) from error


@contextmanager
def epoch_log(at: LogPlace, title: str, fingerprint: str) -> Iterator[Log]:
    """What logs the epochs of a fit.

    Args:
        at: where.
        title: of the job; it names the run.
        fingerprint: of the job.
    """
    log = _EpochLog(at, title, fingerprint)
    try:
        yield log
    except BaseException:
        log.end("failed")
        raise
    log.end("finished")


class _EpochLog:
    """The log of one fit, which begins with its first epoch."""

    def __init__(self, at: LogPlace, title: str, fingerprint: str) -> None:
        self.at, self.title, self.fingerprint = at, title, fingerprint
        self._logger: Logger | None = None
        self._broken = False

    def __call__(self, epoch: int, numbers: Mapping[str, float]) -> None:
        def act() -> None:
            if self._logger is None:
                self._logger = self._begun(epoch)
            self._logger.log_metrics(dict(numbers), epoch)

        self._try(act)

    def end(self, status: str) -> None:
        """End the log; ``status`` is ``finished`` or ``failed``."""
        logger = self._logger
        if logger is not None:
            self._try(lambda: logger.finalize(status))

    def _try(self, act: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            act()
        except Exception as error:  # whatever a server, a full disk or a library raises
            self._broken = True
            told = f"{type(error).__name__}: {error}".partition("\n")[0]
            print(f"{self.title}: its log to {self.at.kind} ends: {told}", file=sys.stderr)

    def _begun(self, epoch: int) -> Logger:
        from lightning.pytorch import loggers

        if self.at.kind == "tensorboard":
            name = re.sub(r"[^\w.,()= -]", "_", self.title)
            more: dict[str, Any] = {"purge_step": epoch, "flush_secs": FLUSH_SECONDS}
            # Of a fit that was interrupted, what is logged again replaces what was logged before.
            return loggers.TensorBoardLogger(self.at.place, name, self.fingerprint[:8], **more)
        mlflow = _mlflow()
        return loggers.MLFlowLogger(
            EXPERIMENT,
            self.title,
            self.at.place or mlflow.get_tracking_uri(),
            {"iqabench.job": self.fingerprint},
        )


def _make_experiment(uri: str) -> None:
    """Once, here: workers that make it at the same moment would get in each other's way."""
    client = _mlflow().tracking.MlflowClient(uri or None)
    if client.get_experiment_by_name(EXPERIMENT) is None:
        client.create_experiment(EXPERIMENT)


def _mlflow() -> Any:
    """The module ``mlflow``, which tells its makers nothing unless the user asked for that."""
    os.environ.setdefault(NO_TELEMETRY, "true")
    import mlflow

    return mlflow
