"""Features of a set's pictures, made on all processors and cached in files of many pictures each.

The pictures of a set fall into batches by their content's hash, and a batch is one file. So an
audit that is interrupted goes on from the finished batches, a changed picture costs one batch, and
a large set has few files. A file that is read is mapped: the system may take its memory back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.audit import features as pictures
from iqabench.audit.features import Features
from iqabench.contract.errors import DataError
from iqabench.data import array_files
from iqabench.data.decoding import DECODING
from iqabench.data.threads import in_threads
from iqabench.kit.places import cache_dir
from iqabench.store.fingerprints import digest, package_version

if TYPE_CHECKING:
    from numpy.typing import NDArray

Tick = Callable[[int, int], None]
PER_FILE = 256
"""About so many pictures are in one file, of 9 MB."""
FIELDS = (("extent", "<f4"), ("points", "<f4"), ("descriptors", "u1"), ("grey", "u1"))
"""The fields of features, and the kinds of their numbers."""


def features(paths: Mapping[str, Path], tick: Tick | None = None) -> dict[str, Features]:
    """The features of pictures by content hash, in the order of the hashes.

    Pictures that cannot be read are left out.

    Args:
        paths: content hash -> a file with that content.
        tick: called with (pictures done, all pictures).
    """
    found: dict[str, Features] = {}
    done = 0
    for batch in _batches(paths):
        kept = _read(_place(batch))
        if kept is None or kept.keys() != batch.keys():
            kept = {}
            for key, made in zip(batch, in_threads(_readable, batch.values()), strict=True):
                kept |= {key: made} if made is not None else {}
                done += 1
                if tick is not None:
                    tick(done, len(paths))
            if kept.keys() == batch.keys():
                array_files.write(_place(batch), _packed(kept))
        else:
            done += len(batch)
            if tick is not None:
                tick(done, len(paths))
        found |= kept
    return dict(sorted(found.items()))


def _readable(path: Path) -> Features | None:
    try:
        return pictures.features(path)
    except DataError:  # a job that uses the damaged picture reports it
        return None


def _batches(paths: Mapping[str, Path]) -> list[dict[str, Path]]:
    """Pictures in groups of about ``PER_FILE``, chosen by their hashes alone."""
    number = -(-len(paths) // PER_FILE)
    found: dict[int, dict[str, Path]] = {}
    for key in sorted(paths):
        found.setdefault(int(key[:8], 16) % number, {})[key] = paths[key]
    return [found[place] for place in sorted(found)]


def _place(batch: Iterable[str]) -> Path:
    """The file of a batch."""
    fields = {
        "version": pictures.VERSION,
        "decoding": DECODING,
        "packages": {name: package_version(name) for name in pictures.PACKAGES},
        "pictures": sorted(batch),
    }
    return cache_dir() / "audit" / "features" / f"{digest(fields)}.bin"


def _packed(batch: Mapping[str, Features]) -> list[bytes | memoryview]:
    """A file's content: each field of all pictures after the other, and their shapes."""
    import numpy as np

    shapes = {key: [*one.grey.shape, len(one.points)] for key, one in batch.items()}
    arrays = [
        np.ascontiguousarray(getattr(one, field), kind).reshape(-1).view(np.uint8)
        for field, kind in FIELDS
        for one in batch.values()
    ]
    return array_files.parts(np.concatenate(arrays), pictures=shapes)


def _read(place: Path) -> dict[str, Features] | None:
    """The features in a file; None where it is absent or damaged."""
    kept = array_files.read(place, "u1")
    if kept is None:
        return None
    content, facts = kept
    sizes: dict[str, list[tuple[int, ...]]] = {
        key: [(2,), (points, 4), (points, 128), (height, width)]
        for key, (height, width, points) in facts["pictures"].items()
    }
    fields: dict[str, dict[str, NDArray[Any]]] = {key: {} for key in sizes}
    start = 0
    for number, (field, kind) in enumerate(FIELDS):
        for key, shapes in sizes.items():
            end = start + math.prod(shapes[number]) * int(kind[-1])
            fields[key][field] = content[start:end].view(kind).reshape(shapes[number])
            start = end
    return {key: Features(**each) for key, each in fields.items()}
