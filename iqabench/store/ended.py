"""What plans and reports ask most of ended jobs, without opening each record.

The cache STORE/cache/jobs.json (:mod:`iqabench.store.stamped`) holds a few facts of each job that
was read before, whose predictions were then as its record says. A job of which a file has changed
since is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from iqabench.store import intact
from iqabench.store.fingerprints import text_digest
from iqabench.store.formats import JOB
from iqabench.store.records import ImportIdentity, JobIdentity, JobRecord
from iqabench.store.stamped import Stamped

INDEX, FORM = "jobs.json", 2
"""The cache, and the number of its form, which rises with :class:`Ended`."""


class Ended(NamedTuple):
    """A few facts of an ended job."""

    status: str
    began: str
    title: str
    seconds: float
    images: int | None
    kind: str
    """As :func:`kind_of_job` tells it: jobs of one kind take similar times."""
    files: Sequence[str]
    """Names of the files beside the record."""
    content: str
    """Hash of the files' hashes."""
    whole: bool
    """Whether every file has the size that the record says."""

    @property
    def done(self) -> bool:
        """Whether the job ended without an error."""
        return self.status == "done"


class EndedJobs:
    """The facts of a store's ended jobs, as far as they were read before.

    Args:
        root: the store.
    """

    def __init__(self, root: Path) -> None:
        self._jobs = str(root / "jobs")
        self._known = Stamped(root / "cache" / INDEX, FORM)

    def get(self, fingerprint: str) -> Ended | None:
        """The facts of a job; None where they are not known, or a file of it has changed."""
        facts = self._known.value(fingerprint)
        if facts is None:
            return None
        ended = Ended._make(facts)
        found = self._known.get(fingerprint, self._stamps(fingerprint, ended.files))
        return ended if found is not None else None

    def put(self, fingerprint: str, ended: Ended) -> None:
        """Remember the facts of a job."""
        self._known.put(fingerprint, self._stamps(fingerprint, ended.files), ended)

    def drop_others(self, fingerprints: set[str]) -> None:
        """Forget all other jobs: they are no longer in the store."""
        self._known.drop_others(fingerprints)

    def write(self) -> None:
        """Write what was learnt since the file was read, if the store can be written."""
        self._known.write()

    def _stamps(self, fingerprint: str, files: Iterable[str]) -> list[int]:
        found: list[int] = []
        for name in (JOB, *files):
            found += intact.stamp(f"{self._jobs}/{fingerprint}/{name}")
        return found


def kind_of_job(identity: JobIdentity) -> str:
    """The kind of job, the model and a hash of the recipe."""
    if isinstance(identity, ImportIdentity):
        return identity.kind
    model, recipe = identity.model, identity.model.recipe
    told = "" if recipe is None else text_digest([recipe.model_dump_json()])
    return f"{identity.kind} {model.model} {told}"


def facts_of(folder: Path, record: JobRecord) -> Ended:
    """The facts of a job, from its folder and its record."""
    return Ended(
        status=record.status,
        began=record.began,
        title=record.title,
        seconds=record.seconds,
        images=record.images,
        kind=kind_of_job(record.identity),
        files=[file.name for file in record.files],
        content=text_digest([file.sha256 for file in record.files]),
        whole=not intact.problem(folder, record.files, quick=True),
    )
