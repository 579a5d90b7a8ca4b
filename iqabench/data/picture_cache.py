"""A cache that decodes each picture only once.

Each picture has one file (:mod:`iqabench.data.array_files`), named by the content hash of the
picture's own file. So copies of a picture share one file, and a changed picture gets a new one. The
folder's name says how pictures are decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick
from iqabench.data import array_files, cache_limit
from iqabench.data.decoding import DECODING, Picture, decode_bytes, read_bytes
from iqabench.data.file_hashes import digest
from iqabench.data.picture_kinds import readable
from iqabench.data.tables import Dataset
from iqabench.data.threads import in_threads
from iqabench.store.fingerprints import package_version


def cached(path: Path, content_hash: str, allow_truncated: bool = False) -> Picture:
    """The decoded picture. It is read from the cache, or decoded and stored there.

    Args:
        path: the picture's file; only read if the cache lacks the picture.
        content_hash: the file's hash from :func:`iqabench.data.file_hashes.file_hashes`.
        allow_truncated: see :func:`iqabench.data.decoding.decode`.

    Returns:
        The picture. The caller may change its pixels; the cache does not keep the changes.

    Raises:
        DataError: the picture cannot be decoded, or its file has changed since it was hashed.
    """
    place = _place(content_hash, allow_truncated)
    kept = _read(place)
    if kept is not None:
        return kept
    content = read_bytes(path)
    if digest(content) != content_hash:
        raise DataError(f"{path.name} is not what it was when it was hashed", "run again")
    picture = decode_bytes(content, path, allow_truncated)
    _write(place, picture)
    return picture


@dataclass(frozen=True)
class Prepared:
    """What decoding some pictures showed.

    Attributes:
        notes: picture -> notes on its decoding; none for one that cannot be decoded.
        failures: picture -> why it cannot be decoded.
    """

    notes: dict[str, tuple[str, ...]]
    failures: dict[str, DataError]


def prepare(dataset: Dataset, names: Sequence[str], allow_truncated: bool, tick: Tick) -> Prepared:
    """Decode pictures into the cache, on all cores; raises nothing for a picture that fails."""
    hashes = dataset.image_hashes

    def decoded(name: str) -> tuple[str, ...] | DataError:
        try:
            return cached(dataset.path(name), hashes[name], allow_truncated).notes
        except DataError as error:
            return error

    made = Prepared({}, {})
    for name, found in zip(names, in_threads(decoded, names), strict=True):
        if isinstance(found, DataError):
            made.failures[name] = found
        made.notes[name] = () if isinstance(found, DataError) else found
        tick(len(made.notes), len(names), "decoding")
    return made


def _place(content_hash: str, allow_truncated: bool) -> Path:
    settings = f"{DECODING}-pillow-{package_version('pillow')}"
    if "HEIF" in readable():
        settings += f"-heif-{package_version('pillow-heif')}"
    if allow_truncated:
        settings += "-truncated"
    return cache_limit.folder() / settings / content_hash[:2] / content_hash


def _read(place: Path) -> Picture | None:
    import numpy as np

    found = array_files.read(place, np.uint8)
    return None if found is None else Picture(found[0], tuple(found[1]["notes"]))


def _write(place: Path, picture: Picture) -> None:
    """Keep a picture if there is room."""
    content = array_files.parts(picture.pixels, notes=picture.notes)
    if cache_limit.take(sum(map(len, content))):
        array_files.write(place, content)
