"""A cache of decoded pictures, for those that are slow to decode.

Each picture has one file (:mod:`iqabench.data.array_files`), named by the content hash of the
picture's own file. So copies of a picture share one file, and a changed picture gets a new one. The
folder's name says how pictures are decoded.

A JPEG is decoded quickly and is many times larger when it is decoded. So the file of a JPEG of
moderate size holds no pixels, only its size and notes: it says that the picture can be decoded, and
the picture is decoded at each use. Whoever uses it very often asks for its pixels to be kept.
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
from iqabench.data.picture_kinds import kind_of, readable
from iqabench.data.tables import Dataset
from iqabench.data.threads import in_threads
from iqabench.store.fingerprints import package_version

CHEAP_PIXELS = 2**20
"""JPEGs of up to this many pixels are decoded at each use; docs/pictures.md says what it takes."""


def cached(
    path: Path, content_hash: str, allow_truncated: bool = False, *, often: bool = False
) -> Picture:
    """The decoded picture. It is read from the cache, or decoded; if that was slow, it is stored.

    Args:
        path: the picture's file; only read if the cache lacks the pixels.
        content_hash: the file's hash from :func:`iqabench.data.file_hashes.file_hashes`.
        allow_truncated: see :func:`iqabench.data.decoding.decode`.
        often: whether to store pixels also if decoding was quick.

    Returns:
        The picture. The caller may change its pixels; the cache does not keep the changes.

    Raises:
        DataError: the picture cannot be decoded, or its file has changed since it was hashed.
    """
    place = _place(content_hash, allow_truncated)
    kept = _read(place)
    if isinstance(kept, Picture):
        return kept
    known = kept is not None and not often
    return _decoded(path, content_hash, allow_truncated, None if known else place, often)


@dataclass(frozen=True)
class Seen:
    """What is known of a picture that was decoded once."""

    size: tuple[int, int]
    """(H, W), upright."""
    notes: tuple[str, ...]


def seen(path: Path, content_hash: str, allow_truncated: bool = False) -> Seen:
    """Size and notes of a picture, which is decoded only if the cache does not know it.

    Arguments and errors as for :func:`cached`.
    """
    place = _place(content_hash, allow_truncated)
    kept = _read(place)
    if kept is None:
        kept = _decoded(path, content_hash, allow_truncated, place)
    return kept if isinstance(kept, Seen) else Seen(_size(kept), kept.notes)


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
    """Decode pictures that the cache does not know, on all cores; a failure is no exception."""
    hashes = dataset.image_hashes

    def decoded(name: str) -> tuple[str, ...] | DataError:
        try:
            return seen(dataset.path(name), hashes[name], allow_truncated).notes
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


def _decoded(
    path: Path, content_hash: str, truncated: bool, place: Path | None, often: bool = False
) -> Picture:
    """The picture, decoded from its file; what the cache shall know is written to ``place``."""
    content = read_bytes(path)
    if digest(content) != content_hash:
        raise DataError(f"{path.name} is not what it was when it was hashed", "run again")
    picture = decode_bytes(content, path, truncated)
    if place is not None:
        _write(place, picture, cheap=kind_of(content) == "JPEG" and not often)
    return picture


def _size(picture: Picture) -> tuple[int, int]:
    height, width, _ = picture.pixels.shape
    return height, width


def _read(place: Path) -> Picture | Seen | None:
    import numpy as np

    found = array_files.read(place, np.uint8)
    if found is None:
        return None
    pixels, facts = found
    notes = tuple(facts["notes"])
    if "size" not in facts:
        return Picture(pixels, notes)
    height, width = facts["size"]
    return Seen((height, width), notes)


def _write(place: Path, picture: Picture, cheap: bool) -> None:
    """Keep a picture, or of one that is decoded cheaply its size and notes, if there is room."""
    size = _size(picture)
    if cheap and size[0] * size[1] <= CHEAP_PIXELS:
        content = array_files.parts(picture.pixels[:1, :1], notes=picture.notes, size=size)
    else:
        content = array_files.parts(picture.pixels, notes=picture.notes)
    if cache_limit.take(sum(map(len, content))):
        array_files.write(place, content)
