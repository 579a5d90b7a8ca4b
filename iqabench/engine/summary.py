"""Says in a few words what an ended job came to."""

from __future__ import annotations

from iqabench.contract.progress import Summary
from iqabench.store import Job


def summary(job: Job) -> Summary:
    """The last epoch's losses and the validation SROCC of a fit, or the pictures of a prediction.

    Of a failed job it says that alone: why is told elsewhere.
    """
    record = job.record
    if not record.done:
        return Summary("failed")
    parts = []
    epochs = job.epochs
    if epochs:
        losses = ", ".join(f"{name} {value:.3g}" for name, value in epochs[-1].losses.items())
        parts.append(f"loss {losses} after {len(epochs)} epoch{'s' if len(epochs) > 1 else ''}")
    if record.validation_srocc is not None:
        parts.append(f"validation SROCC {record.validation_srocc:.3f}")
    if not parts and record.images is not None:
        parts.append(f"{record.images} picture{'s' if record.images != 1 else ''}")
    return Summary("; ".join(parts))
