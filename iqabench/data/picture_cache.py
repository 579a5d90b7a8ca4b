"""A cache that decodes each picture only once.

Each picture has one file (:mod:`iqabench.data.array_files`), named by the content hash of the
picture's own file. So copies of a picture share one file, and a changed picture gets a new one. The
folder's name says how pictures are decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def prepare(
    dataset: Dataset, names: Sequence[str], allow_truncated: bool, tick: Tick
) -> dict[str, tuple[str, ...]]:
    """Decode pictures into the cache, on all cores; returns the notes of each picture.

    A picture that cannot be decoded has no notes and raises nothing here. Its error is raised, and
    names it, when the picture is used.
    """
    hashes = dataset.image_hashes

    def notes(name: str) -> tuple[str, ...]:
        try:
            return cached(dataset.path(name), hashes[name], allow_truncated).notes
        except DataError:
            return ()

    found = {}
    for name, its_notes in zip(names, in_threads(notes, names), strict=True):
        found[name] = its_notes
        tick(len(found), len(names), "decoding")
    return found


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
