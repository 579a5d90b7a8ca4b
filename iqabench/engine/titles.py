"""What jobs are called where people read of them."""

from __future__ import annotations

from iqabench.protocols.plan import FitJob, PredictJob


def title(job: FitJob | PredictJob) -> str:
    """A job in a few words."""
    if isinstance(job, FitJob):
        return f"fit {job.model.label} on {job.dataset.name}, {_repetition(job)}"
    part = "" if job.contents is None else ", test part"
    repetition = f", {_repetition(job.fit)}" if job.fit is not None else ""
    return f"predict {job.dataset.name}{part} with {job.model.label}{repetition}"


def _repetition(job: FitJob) -> str:
    fold = "" if job.fold is None else f", fold {job.fold}"
    return f"seed {job.seed}{fold} (split {job.split.hash[:6]})"
