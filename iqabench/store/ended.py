"""What plans and reports ask most of ended jobs, without opening each record.

The file STORE/cache/jobs.idx holds a few facts of each record that was read before, and the stamp
of its file: inode, size and time. A record whose stamp has changed is read again. A file that is
absent, damaged, or of another release counts as empty, and one that cannot be written is left as it
is: then only time is lost.
"""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from iqabench.store.files import write_atomically
from iqabench.store.fingerprints import text_digest
from iqabench.store.records import ImportIdentity, JobIdentity, JobRecord

INDEX = "jobs.idx"
HEAD = "iqabench jobs 1 "
"""Begins the index, and is followed by the checksum of the rest; the number rises with its form."""


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
        self._jobs, self._file = str(root / "jobs"), root / "cache" / INDEX
        self._known: dict[str, tuple[str, Ended]] = _read(self._file)
        self._changed = False

    def stamp(self, fingerprint: str, name: str) -> str | None:
        """The stamp of a file of a job's folder; None where there is none."""
        try:  # a path object would take most of the time of a plan of thousands of jobs
            stat = os.stat(f"{self._jobs}/{fingerprint}/{name}")  # noqa: PTH116
        except OSError:
            return None
        return f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns}"

    def get(self, fingerprint: str, stamp: str) -> Ended | None:
        """The facts of the job whose record has this stamp; None where they are not known."""
        known = self._known.get(fingerprint)
        return known[1] if known is not None and known[0] == stamp else None

    def put(self, fingerprint: str, stamp: str, ended: Ended) -> None:
        """Remember the facts of a job."""
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
        rows = {
            name: [stamp, *(getattr(ended, field) for field in Ended.__slots__)]
            for name, (stamp, ended) in self._known.items()
        }
        body = json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()
        content = f"{HEAD}{zlib.crc32(body):08x}\n".encode() + body
        with suppress(OSError):
            write_atomically(self._file, lambda part: part.write_bytes(content))
        self._changed = False


def kind_of_job(identity: JobIdentity) -> str:
    """The kind of job, the model and a hash of the recipe."""
    if isinstance(identity, ImportIdentity):
        return identity.kind
    model, recipe = identity.model, identity.model.recipe
    told = "" if recipe is None else text_digest([recipe.model_dump_json()])
    return f"{identity.kind} {model.model} {told}"


def ended(record: JobRecord) -> Ended:
    """The facts of a record."""
    return Ended(
        status=record.status,
        began=record.began,
        title=record.title,
        seconds=record.seconds,
        images=record.images,
        kind=kind_of_job(record.identity),
    )


def _read(place: Path) -> dict[str, tuple[str, Ended]]:
    """The content of an index; empty where there is none that can be used."""
    try:
        head, _, body = place.read_bytes().partition(b"\n")
        if head.decode() != f"{HEAD}{zlib.crc32(body):08x}":
            return {}
        rows = json.loads(body)
        return {name: (row[0], Ended(*row[1:])) for name, row in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError, IndexError):
        return {}
