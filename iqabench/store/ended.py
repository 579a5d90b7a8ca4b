"""What plans and reports ask most of ended jobs, without opening each record.

The file STORE/cache/jobs.json holds a few facts of each job that was read before, whose predictions
were then as its record says, and what the system says of its files (:func:`intact.stamp_text`). A
job of which a file has changed since is read again. A file that is absent, damaged, or of another
release counts as empty, and one that cannot be written is left as it is: then only time is lost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from iqabench.store import intact
from iqabench.store.fingerprints import text_digest
from iqabench.store.formats import JOB
from iqabench.store.records import ImportIdentity, JobIdentity, JobRecord
from iqabench.store.sealed import cache_sealed, read_cached

INDEX, FORM = "jobs.json", 1
"""The file, and the number of its form, which rises with :class:`Ended`."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A few facts of an ended job."""

    status: str
    began: str
    title: str
    seconds: float
    images: int | None
    kind: str
    """As :func:`kind_of_job` tells it: jobs of one kind take similar times."""
    files: tuple[str, ...]
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
        self._jobs, self._file = root / "jobs", root / "cache" / INDEX
        self._known = _read(self._file)
        self._changed = False

    def get(self, fingerprint: str) -> Ended | None:
        """The facts of a job; None where they are not known, or a file of it has changed."""
        known = self._known.get(fingerprint)
        if known is None or known[0] != self._stamp(fingerprint, known[1].files):
            return None
        return known[1]

    def put(self, fingerprint: str, ended: Ended) -> None:
        """Remember the facts of a job, unless its files are so new that they may still change."""
        stamp = self._stamp(fingerprint, ended.files)
        latest = max((int(part) for part in stamp.split() if part.isdigit()), default=0)
        if latest < time.time_ns() - intact.CLOCK_STEP:  # inodes and sizes are smaller than times
            self._known[fingerprint] = stamp, ended
            self._changed = True

    def drop_others(self, fingerprints: set[str]) -> None:
        """Forget all other jobs: they are no longer in the store."""
        for gone in self._known.keys() - fingerprints:
            del self._known[gone]
            self._changed = True

    def write(self) -> None:
        """Write what was learnt since the file was read, if the store can be written."""
        if not self._changed:
            return
        # Each job is a string: the layout of sealed files would give each fact a line.
        jobs = {
            name: json.dumps([stamp, asdict(ended)], ensure_ascii=False)
            for name, (stamp, ended) in self._known.items()
        }
        cache_sealed(self._file, {"form": FORM, "jobs": jobs})
        self._changed = False

    def _stamp(self, fingerprint: str, files: Iterable[str]) -> str:
        folder = f"{self._jobs}/{fingerprint}"
        return " ".join(intact.stamp_text(f"{folder}/{name}") for name in (JOB, *files))


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
        files=tuple(file.name for file in record.files),
        content=text_digest([file.sha256 for file in record.files]),
        whole=not intact.problem(folder, record.files, quick=True),
    )


def _read(place: Path) -> dict[str, tuple[str, Ended]]:
    """The content of an index; empty where there is none that can be used."""
    found = read_cached(place)
    if found is None or found.get("form") != FORM:
        return {}
    known = {}
    for name, text in found["jobs"].items():
        stamp, facts = json.loads(text)
        known[name] = (stamp, Ended(**{**facts, "files": tuple(facts["files"])}))
    return known
