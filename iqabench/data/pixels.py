"""A cache that decodes each picture only once.

One file per picture (:mod:`iqabench.data.mapped`), named by the content hash of the picture's file,
so that copies share it and a changed file never meets stale pixels; in a folder named by how
pictures are decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iqabench.contract.errors import DataError
from iqabench.data import mapped, room
from iqabench.data.hashes import digest
from iqabench.data.images import DECODING, Picture, decode_bytes, read_bytes
from iqabench.data.tables import Dataset, Tick
from iqabench.data.threads import in_threads
from iqabench.store.fingerprints import package_version


def cached(path: Path, content_hash: str, allow_truncated: bool = False) -> Picture:
    """The decoded picture, from the cache or into it.

    Args:
        path: the picture's file; only read if the cache lacks the picture.
        content_hash: its hash, as of :func:`iqabench.data.hashes.file_hashes`.
        allow_truncated: as of :func:`iqabench.data.images.decode`.

    Returns:
        Pixels that may be changed; changes are not kept.

    Raises:
        DataError: the picture cannot be decoded, or is another than when it was hashed.
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
    """Decode pictures into the cache, on all cores; returns the notes of each.

    A picture that cannot be decoded has none: it fails by name when it is used.
    """
    hashes = dataset.image_hashes

    def notes(name: str) -> tuple[str, ...]:
        try:
            return cached(dataset.root / name, hashes[name], allow_truncated).notes
        except DataError:
            return ()

    found = {}
    for name, its_notes in zip(names, in_threads(notes, names), strict=True):
        found[name] = its_notes
        tick(len(found), len(names), "decoding")
    return found


def _place(content_hash: str, allow_truncated: bool) -> Path:
    settings = f"{DECODING}-pillow-{package_version('pillow')}"
    if allow_truncated:
        settings += "-truncated"
    return room.folder() / settings / content_hash[:2] / content_hash


def _read(place: Path) -> Picture | None:
    import numpy as np

    found = mapped.read(place, np.uint8)
    return None if found is None else Picture(found[0], tuple(found[1]["notes"]))


def _write(place: Path, picture: Picture) -> None:
    """Keep a picture if there is room."""
    content = mapped.parts(picture.pixels, notes=picture.notes)
    if room.take(sum(map(len, content))):
        mapped.write(place, content)
