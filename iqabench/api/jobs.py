"""Ended jobs: a list of them, and one by the beginning of its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.api.session import Session, in_use

if TYPE_CHECKING:
    from iqabench.store import Job

SHORTEST = 8
"""Digits of a job's name that a list shows, and more where two jobs begin alike."""


@dataclass(frozen=True)
class DescribedJob:
    """What is known of an ended job."""

    facts: dict[str, Any]
    """The facts that people ask for, each under its name; what is not known is left out."""
    epochs: list[dict[str, Any]]
    """For each epoch of a network's fit its stage and number, from 1, the mean of each loss, and
    the validation SROCC as text."""
    traceback: str
    """Of a job that failed; else empty."""
    record: dict[str, Any]
    """Everything that was recorded, as JSON has it."""


@dataclass(frozen=True)
class EndedJob:
    """A line of the list of jobs."""

    job: str
    """The beginning of the job's fingerprint, long enough to name it alone."""
    what: str
    """What the job did: fit, predict or import, with its model, data set and seed."""
    state: str
    """``done`` or ``failed``."""


def list_jobs(*, session: Session | None = None) -> list[EndedJob]:
    """The ended jobs of the session's store, in the order in which they began.

    Raises:
        UsageError: there are no results.
    """
    ended = in_use(session).existing_store().all_ended()
    short = shortened(list(ended))
    found = sorted(ended.items(), key=lambda one: one[1].began)
    return [EndedJob(short[name], job.title, job.status) for name, job in found]


def find_job(beginning: str, *, session: Session | None = None) -> Job:
    """The ended job whose fingerprint begins with ``beginning``.

    Raises:
        UsageError: no fingerprint begins so, or several do.
    """
    return in_use(session).existing_store().find(beginning)


def describe_job(beginning: str, *, session: Session | None = None) -> DescribedJob:
    """What is known of the ended job whose fingerprint begins with ``beginning``.

    Raises:
        UsageError: no fingerprint begins so, or several do.
        StoreError: its file of epochs is damaged.
    """
    from iqabench.report import job as report

    found = find_job(beginning, session=session)
    record = found.record.model_dump(mode="json", exclude_none=True)
    return DescribedJob(
        report.facts(found), report.epoch_rows(found), found.record.traceback, record
    )


def draw_job(beginning: str, path: Path, *, session: Session | None = None) -> None:
    """Draw losses and validation SROCC of a fit by epoch, as PNG, PDF or SVG.

    Raises:
        UsageError: there is no such job, it has no epochs, or the file cannot be written.
    """
    from iqabench.report import job as report

    report.draw(find_job(beginning, session=session), path)


def shortened(names: list[str]) -> dict[str, str]:
    """Each name with its shortest beginning, 8 digits or more, that no other name has.

    >>> shortened(["0123456789", "0123456780", "fedcba9876"])
    {'0123456780': '0123456780', '0123456789': '0123456789', 'fedcba9876': 'fedcba98'}
    """
    ordered = sorted(set(names))
    around = ["", *ordered, ""]
    return {
        name: name[: max(SHORTEST, 1 + _alike(name, before), 1 + _alike(name, after))]
        for before, name, after in zip(around, ordered, around[2:], strict=False)
    }


def _alike(first: str, second: str) -> int:
    """How many letters two names have in common at their beginning."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))
