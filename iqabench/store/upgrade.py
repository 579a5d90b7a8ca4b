"""Upgrades a store of an older format to the format that this release reads and writes.

The upgraded store is made beside the old store and takes its place when it is complete. Files that
do not change become hard links if the file system has them, so that nothing large is copied. The
old store stays beside the new store; the user may remove it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from iqabench.contract.errors import StoreError
from iqabench.store import intact, label_tables
from iqabench.store.folder import HISTORY, OLDEST_READABLE, PARTS, stored_files
from iqabench.store.formats import JOB, STORE, note_format, written_format
from iqabench.store.reading import flaw
from iqabench.store.records import (
    FORMAT,
    JOB_WEIGHTS,
    UNKNOWN,
    EvaluationRecord,
    History,
    JobRecord,
    SplitRecord,
    StressRecord,
    TestProtocol,
    plain,
)
from iqabench.store.sealed import write_sealed

JSON = Mapping[str, Any]
"""A record of the older format, as its file holds it."""


def upgrade(root: Path) -> Path | None:
    """Upgrade a store; returns the new path of the old store, None if nothing was to be done.

    Raises:
        StoreError: there is no store, or it cannot be read or written.
    """
    root = root.resolve()  # "." has no name to put a suffix to
    _finish_interrupted(root)
    found = written_format(root)
    if found is None:
        raise StoreError(f"no store at {root}", "--store DIR or $IQABENCH_STORE names one")
    if found == FORMAT:
        return None
    if not OLDEST_READABLE <= found < FORMAT:
        raise StoreError(
            f"the store {root} has format {found}, and this release upgrades {OLDEST_READABLE} to "
            f"{FORMAT - 1}",
            "install the release of iqabench that wrote it, or a later one",
        )
    fresh, kept = _fresh(root), _kept(root, found)
    try:
        shutil.rmtree(fresh, ignore_errors=True)  # left by an interrupted upgrade
        _upgraded(root, fresh, found)
        note_format(fresh)
        root.rename(kept)
        fresh.rename(root)
    except OSError as error:
        raise StoreError(
            f"cannot upgrade the store {root}: {error.strerror or error}",
            "the store is as it was; is there room beside it?",
        ) from error
    return kept


def _finish_interrupted(root: Path) -> None:
    """If an upgrade was interrupted before its last step, do this step: rename the new store."""
    fresh = _fresh(root)
    if not root.exists() and (fresh / STORE).exists():
        fresh.rename(root)


def _fresh(root: Path) -> Path:
    return root.with_name(f"{root.name}.upgrading")


def _kept(root: Path, number: int) -> Path:
    """A free name for the old store."""
    found = root.with_name(f"{root.name}.format-{number}")
    again = 2
    while found.exists():
        found, again = root.with_name(f"{root.name}.format-{number}.{again}"), again + 1
    return found


def _upgraded(old: Path, new: Path, number: int) -> None:
    """Make the new store from one of format 1, or of format 2, whose records had no checksums."""
    for part in PARTS:
        (new / part).mkdir(parents=True, exist_ok=True)
    for path in sorted((old / "tables").glob("[!.]*.parquet")):
        _link(path, new / "tables" / path.name)
        label_tables.write_note(new / "tables" / path.name)
    for path, record in _records(old / "splits"):
        split = _parsed(path, SplitRecord, record)
        _write(new / "splits" / path.name, plain(split))
    first = number == 1
    names = _jobs(old, new) if first else _sealed_jobs(old, new)
    for path, record in _records(old / "evaluations"):
        fields = _evaluation(record, names) if first else record
        made = _parsed(path, EvaluationRecord, fields)
        _write(new / "evaluations" / f"{made.id}.json", plain(made))
    for path, record in _records(old / "stress"):
        study = _parsed(path, StressRecord, _stress(record, names) if first else record)
        _write(new / "stress" / f"{study.id}.json", plain(study))


def _sealed_jobs(old: Path, new: Path) -> dict[str, str]:
    """Upgrade every ended job of format 2; their fingerprints stay.

    Raises:
        StoreError: a job's files are not as its record says.
    """
    for folder in sorted((old / "jobs").glob("*")):
        if folder.suffix or not (folder / JOB).exists():
            continue
        made = _parsed(folder / JOB, JobRecord, _read(folder / JOB))
        problem = intact.problem(folder, made.files)
        if problem:
            raise StoreError(f"{folder} is damaged: {problem}", "remove it, then again")
        for file in made.files:
            _link(folder / file.name, new / "jobs" / folder.name / file.name)
        _write(new / "jobs" / folder.name / JOB, plain(made))
    return {}


def _write(path: Path, record: JSON) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_sealed(path, record, lasting=False)


def _jobs(old: Path, new: Path) -> dict[str, str]:
    """Upgrade every ended job; returns a mapping from old to new fingerprints.

    Fit jobs come first, because the other jobs refer to them by fingerprint.
    """
    folders = [path for path in sorted((old / "jobs").glob("*")) if path.suffix == ""]
    found = [(folder, _read(folder / JOB)) for folder in folders if (folder / JOB).exists()]
    found.sort(key=lambda one: (_fields(one[1]).get("kind") != "fit", _names_job(one[1])))
    names: dict[str, str] = {}
    for folder, record in found:
        names[folder.name] = _job(folder, record, new, names)
    return names


def _job(folder: Path, record: JSON, new: Path, names: Mapping[str, str]) -> str:
    made = _parsed(folder / JOB, JobRecord, _job_record(record, names))
    place = new / "jobs" / made.identity.fingerprint
    for path in folder.iterdir():
        if path.is_file() and path.name not in (JOB, HISTORY):
            _link(path, place / path.name)
    place.mkdir(exist_ok=True)
    if (folder / HISTORY).exists():
        history = _parsed(folder / HISTORY, History, _history(_read(folder / HISTORY)))
        _write(place / HISTORY, plain(history))
    _write(place / JOB, plain(made.model_copy(update={"files": stored_files(place)})))
    fingerprint: str = made.identity.fingerprint
    return fingerprint


def _job_record(record: JSON, names: Mapping[str, str]) -> JSON:
    known = {key: value for key, value in record.items() if key in JobRecord.model_fields}
    fields = _fields(record)
    return {**known, "identity": _identity(fields, names), "sources": _sources(fields)}


def _identity(fields: JSON, names: Mapping[str, str]) -> JSON:
    kind = fields.get("kind")
    shared = {key: fields.get(key) for key in ("kind", "dataset", "data")}
    if kind == "import":
        more = {key: fields.get(key) for key in ("file", "direction")}
        return {**shared, **more, "label": fields.get("model")}
    found = {
        **shared,
        "model": _model(fields, names),
        "maps": _maps(fields["maps"]) if fields.get("maps") else None,
        "seed": fields.get("seed"),
    }
    if kind == "fit":
        return {**found, "split": fields.get("split")}
    fit = str(fields["fit"]) if fields.get("fit") else None
    return {
        **found,
        "fit": names.get(fit, fit) if fit else None,
        "contents": fields.get("contents"),
    }


def _model(fields: JSON, names: Mapping[str, str]) -> JSON:
    keys = ("model", "options", "precision", "device", "allow_truncated", "scale")
    weights = str(fields.get("weights"))
    job = weights.removeprefix(JOB_WEIGHTS)
    return {
        **{key: fields[key] for key in keys if key in fields},
        "code": _code(fields),
        "recipe": fields.get("recipe") or None,
        "weights": f"job:{names.get(job, job)}" if job != weights else weights,
    }


def _code(fields: JSON) -> JSON:
    """Format 1 identified code by a hash of its source; ``tree`` holds this hash here."""
    plugin = fields.get("plugin") or {}
    return {
        "package": plugin.get("package", fields.get("package", "")),
        "tree": plugin.get("source", fields.get("source", "")),
        "harness": fields.get("harness", {}),
        "libraries": fields.get("packages", {}),
    }


def _maps(fields: JSON) -> JSON:
    return {
        "provider": _provider(fields),
        "code": _code(fields),
        "files": fields.get("files", ""),
    }


def _provider(fields: JSON) -> JSON:
    return {
        "provider": fields.get("provider"),
        "options": fields.get("options", {}),
        "of": _provider(fields["of"]) if fields.get("of") else None,
    }


def _sources(fields: JSON) -> JSON:
    plugin = fields.get("plugin") or {}
    harness = fields.get("harness") or {}
    found = {"iqabench": harness.get("source"), plugin.get("package"): plugin.get("source")}
    return {name: source for name, source in found.items() if name and source}


def _history(record: JSON) -> JSON:
    own = ("stage", "epoch", "validation_srocc")
    return {
        "epochs": [
            {
                **{key: epoch.get(key) for key in own},
                # Where SROCC was not defined, format 1 wrote NaN, which is no JSON.
                "validation_srocc": _finite(epoch.get("validation_srocc")),
                "losses": {key: value for key, value in epoch.items() if key not in own},
            }
            for epoch in record.get("epochs", [])
        ]
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or value != value else value


def _evaluation(record: JSON, names: Mapping[str, str]) -> JSON:
    fields = EvaluationRecord.model_fields
    known = {key: value for key, value in record.items() if key in fields and key != "version"}
    fit, predict = record.get("fit"), record.get("predict")
    weights = str(record.get("weights", "-"))
    job = weights.removeprefix(JOB_WEIGHTS)
    return {
        "recipe": UNKNOWN,
        **known,
        "config": names.get(str(record.get("config")), record.get("config")),
        "weights": f"job:{names.get(job, job)}" if job != weights else weights,
        "protocol": _protocol(str(record.get("protocol"))),
        "predict": names.get(str(predict), predict),
        "fit": names.get(fit, fit) if fit else None,
    }


def _stress(record: JSON, names: Mapping[str, str]) -> JSON:
    changes = [
        {**change, "predict": [names.get(name, name) for name in change["predict"]]}
        for change in record.get("changes", [])
    ]
    return {**record, "protocol": _protocol(str(record.get("protocol"))), "changes": changes}


def _protocol(name: str) -> JSON:
    """The protocol for the name that format 1 wrote."""
    number, _, rest = name.partition("-")
    if rest == "fold" and number.isdigit():
        return plain(TestProtocol(kind="k-fold", folds=int(number)))
    if name.startswith("split "):
        return plain(TestProtocol(kind="file", split=name.removeprefix("split ")))
    return {"kind": name}


def _fields(record: JSON) -> JSON:
    found: JSON = record.get("fields") or {}
    return found


def _names_job(record: JSON) -> bool:
    """Whether a job uses the weights of another job."""
    return str(_fields(record).get("weights", "")).startswith(JOB_WEIGHTS)


def _records(folder: Path) -> Iterator[tuple[Path, JSON]]:
    for path in sorted(folder.glob("*.json")):
        yield path, _read(path)


def _read(path: Path) -> JSON:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StoreError(f"{path} is damaged: {error}", "remove it, then again") from error
    if not isinstance(found, dict):
        raise StoreError(f"{path} is damaged: it is no record", "remove it, then again")
    return found


def _parsed(path: Path, kind: Any, record: JSON) -> Any:
    try:
        return kind.model_validate(record)
    except ValidationError as error:
        raise StoreError(
            f"{path} is no record of its format: {flaw(error)}",
            "remove it, or move it away, then again",
        ) from error


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(path, target)
