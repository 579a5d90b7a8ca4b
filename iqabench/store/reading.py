"""Reads the records of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from iqabench.contract.errors import StoreError
from iqabench.store.records import JobRecord
from iqabench.store.sealed import opened

RUN_AGAIN, IMPORT_AGAIN = "the next run makes it again", "import the scores again"
Kind = TypeVar("Kind", bound=BaseModel)


def read_record(path: Path, kind: type[Kind]) -> Kind | None:
    """The record in a sealed JSON file; None where there is no file.

    Raises:
        StoreError: the file cannot be read, a byte of it is not as it was written, or it holds no
            such record.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except NotADirectoryError:  # a file lies where a folder was
        return None
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {error.strerror or error}", "is it yours to read?"
        ) from error
    try:
        return kind.model_validate_json(opened(content))
    except ValidationError as error:
        raise StoreError(f"{path} is damaged: {flaw(error)}", RUN_AGAIN) from error
    except ValueError as error:
        raise StoreError(f"{path} is damaged: {error}", RUN_AGAIN) from error


def remedy(record: JobRecord) -> str:
    """How what is damaged of a job is made again."""
    return IMPORT_AGAIN if record.identity.kind == "import" else RUN_AGAIN


def flaw(error: ValidationError) -> str:
    """The first thing that is wrong with a record: the field, if it is one, and what is wrong."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])
