"""Jobs and their results as they travel between machines that share no file system.

A parcel holds a job and the files that it needs. What comes back is the content of the ended job's
folder, which the driver verifies by the hashes in the job's record, and stores.
"""

from __future__ import annotations

import hashlib
import pickle
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from iqabench.contract.errors import IqabenchError, StoreError
from iqabench.data.tables import Dataset
from iqabench.engine.making import Made
from iqabench.protocols.job_weights import PREFIX
from iqabench.protocols.plan import FitJob, PredictJob
from iqabench.store import Store, sealed
from iqabench.store.code import sources
from iqabench.store.fingerprints import package_version
from iqabench.store.formats import JOB
from iqabench.store.records import JobRecord

Content = Mapping[str, bytes]
"""Name of a file of a job's folder -> what is in it."""


class Damaged(StoreError):
    """What came back of a job is not what its record says."""


@dataclass(frozen=True)
class Passport:
    """The code with which a job has to be made: hashes of source, and versions of libraries."""

    sources: Mapping[str, str]
    libraries: Mapping[str, str]

    @classmethod
    def of(cls, job: FitJob | PredictJob) -> Passport:
        """The code of this process, as far as the job uses it."""
        targets = [job.model.card.factory]
        provider = job.maps.provider if job.maps is not None else None
        while provider is not None:
            targets += [provider.card.factory] if provider.card.factory is not None else []
            provider = provider.of
        found = {name: digest for target in targets for name, digest in sources(target).items()}
        code = job.identity.model.code
        names = {"iqabench", *code.libraries}
        return cls(found, {name: package_version(name) for name in sorted(names)})

    def differs(self, here: Passport) -> str:
        """The first thing that this process has in another version; empty if all is the same."""
        for name, version in self.libraries.items():
            own = here.libraries.get(name)
            if own != version:
                return f"{name} {own}, and the driver {version}"
        for name, digest in self.sources.items():
            own = here.sources.get(name)
            if own != digest:
                return f"other code of {name} ({own}) than the driver ({digest})"
        return ""


@dataclass(frozen=True)
class Parcel:
    """A job and what it needs that another machine may not have."""

    job: FitJob | PredictJob
    passport: Passport
    weights: bytes | None = None
    """The content of the file that ``--weights FILE`` names."""

    @classmethod
    def of(cls, job: FitJob | PredictJob) -> Parcel:
        """Pack a job."""
        named = job.model.weights
        own = named in ("train", "published") or named.startswith(PREFIX)
        return cls(job, Passport.of(job), None if own else Path(named).read_bytes())


Packed = tuple[list[str], bytes]
"""Where the driver finds modules, and a pickled parcel, which may need them."""


def packed(parcel: Parcel) -> Packed:
    """The parcel as bytes, with the places of the modules that they name."""
    return sys.path, pickle.dumps(parcel)


def opened(given: Packed) -> Parcel:
    """The parcel; modules are also sought where the driver finds them, if that is here."""
    places, inside = given
    sys.path += [place for place in places if place not in sys.path and Path(place).exists()]
    try:
        parcel: Parcel = pickle.loads(inside)
    except (ImportError, AttributeError) as error:
        raise IqabenchError(
            f"worker {platform.node()} lacks code of the driver: {error}", "install the same there"
        ) from error
    return parcel


def fit_needed(job: FitJob | PredictJob) -> str | None:
    """Fingerprint of the fit whose weights a job uses, in this run or in an earlier one."""
    if isinstance(job, PredictJob) and job.fit is not None:
        return job.fit.fingerprint
    named = job.model.weights
    return named.removeprefix(PREFIX) if named.startswith(PREFIX) else None


def unpack(parcel: Parcel, fit: tuple[str, Content] | None, store: Store) -> FitJob | PredictJob:
    """The job as this machine can make it: its data are here, and its weights in ``store``.

    Raises:
        IqabenchError: this machine has other code than the driver, or does not have the data.
    """
    refuse_other_code(parcel)
    store.prepare()
    if fit is not None and store.job(fit[0]) is None:
        _write(store.root / "jobs" / fit[0], fit[1])
    job = parcel.job
    if parcel.weights is not None:
        place = store.root / f"{hashlib.sha256(parcel.weights).hexdigest()}.weights"
        place.write_bytes(parcel.weights)
        job = replace(job, model=replace(job.model, weights=str(place)))
    return replace(job, dataset=data_here(job.dataset, job.identity.data))


def refuse_other_code(parcel: Parcel) -> None:
    """Check that this process has the driver's code.

    Raises:
        IqabenchError: it does not.
    """
    other = parcel.passport.differs(Passport.of(parcel.job))
    if other:
        raise IqabenchError(
            f"worker {platform.node()} has {other}", "install the same on all machines"
        )


def data_here(dataset: Dataset, wanted: str) -> Dataset:
    """The data set as this machine's catalogue or ``$IQABENCH_DATA`` names it, else at the driver's
    path.

    Raises:
        IqabenchError: it is not here, or its pictures or labels are others.
    """
    from iqabench.catalog import Catalog
    from iqabench.data.tables import read
    from iqabench.registry import registry

    try:
        found = read(Catalog(registry()).ready(dataset.name))
        if found.hash == wanted:
            return found
        why = f"another version of it lies in {found.root}"
    except IqabenchError as error:
        why = error.message
    there = replace(dataset)  # a copy without the driver's hashes of files
    if there.root.is_dir() and all(there.path(name).is_file() for name in dataset.image_hashes):
        if there.hash == wanted:
            return there
        why = f"another version of it lies in {there.root}"
    raise IqabenchError(
        f"worker {platform.node()} does not have data set '{dataset.name}': {why}",
        "put it into $IQABENCH_DATA or a catalogue there",
    )


def content_of(folder: Path) -> dict[str, bytes]:
    """The files of an ended job's folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def receive(
    job: FitJob | PredictJob, content: Content, store: Store, waits: Callable[[], None]
) -> Made:
    """Verify what came back of a job, and finish the job in the store.

    Raises:
        Damaged: a file is damaged, or it is another job's.
    """
    try:
        record = JobRecord.model_validate_json(sealed.opened(content.get(JOB, b"")))
    except ValueError as error:
        raise Damaged("the record that came back is damaged", "run again") from error
    named = {file.name: file.sha256 for file in record.files}
    came = {name: hashlib.sha256(content[name]).hexdigest() for name in content if name != JOB}
    if named != came or record.identity != job.identity:
        raise Damaged(f"{record.title}: what came back is damaged", "run again")
    with store.writing(job.fingerprint, waits) as folder:
        known = store.job(job.fingerprint)
        if known is not None and known.done:
            return Made(known, fresh=False)
        _write(folder, {name: content[name] for name in came})
        return Made(store.finish(record))


def _write(folder: Path, content: Content) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, inside in content.items():
        if Path(name).name != name:
            raise StoreError(f"'{name}' is no name of a job's file", "run again")
        (folder / name).write_bytes(inside)
