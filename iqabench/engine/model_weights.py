"""The weights file that a model scores with."""

from __future__ import annotations

from pathlib import Path

from iqabench.contract.cards import Calibration
from iqabench.contract.errors import WeightsError
from iqabench.kit.weights import resolve
from iqabench.protocols.job_weights import FIT_AGAIN, PREFIX, weights_problem
from iqabench.protocols.plan import PredictJob
from iqabench.protocols.requests import ModelRequest
from iqabench.store import Store
from iqabench.store.folder import WEIGHTS


def weights_of(job: PredictJob, store: Store) -> Path | None:
    """The weights file of a predict job; None if the model learns nothing.

    Raises:
        WeightsError: the file cannot be obtained.
    """
    if job.fit is not None:
        return _of_job(store, job.fit.fingerprint)
    return chosen_weights(job.model, store)


def chosen_weights(request: ModelRequest, store: Store) -> Path | None:
    """The file that ``--weights`` names; None if the model learns nothing.

    Raises:
        WeightsError: the file cannot be obtained, or the model has yet to be fitted.
    """
    if not request.card.trains:
        return None
    if request.trains:
        raise WeightsError(f"'{request.label}' is not fitted yet", "--weights FILE or job:ID")
    if request.weights == "published":
        return resolve(request.card.weights[0], "name a file with --weights FILE")
    if request.weights.startswith(PREFIX):
        return _of_job(store, request.weights.removeprefix(PREFIX))
    return Path(request.weights)


def calibration_of(request: ModelRequest) -> Calibration | None:
    """What the scores of a request's weights mean to people; None if that was not measured."""
    if request.weights != "published" or not request.card.weights:
        return None
    return request.card.weights[0].calibration


def tells_errors(request: ModelRequest) -> bool:
    """Whether intervals of the chosen weights need the expected error of each score."""
    calibration = calibration_of(request)
    return calibration is not None and calibration.by == "expected error"


def needed(weights: Path | None) -> Path:
    """The weights file of a model that learns: :func:`chosen_weights` gives it one."""
    if weights is None:
        raise TypeError("None stands for the weights of a model that learns nothing")
    return weights


def _of_job(store: Store, fingerprint: str) -> Path:
    fit = store.job(fingerprint)
    if fit is None or not fit.done:
        why = "failed" if fit is not None else "is not in the store"
        raise WeightsError(f"fit job {fingerprint} {why}", f"iqabench show {fingerprint}")
    problem = weights_problem(fit)
    if problem:
        raise WeightsError(f"fit job {fingerprint} is damaged: {problem}", FIT_AGAIN)
    return fit.folder / WEIGHTS
