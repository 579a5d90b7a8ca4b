"""Downloads the archive that a catalogue names, checks it, unpacks it, writes the set's root."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from iqabench.catalog import BoundDataset
from iqabench.contract.cards import ArchiveCard
from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick
from iqabench.data.tables import Dataset
from iqabench.kit.download import download, sha256
from iqabench.kit.places import cache_dir
from iqabench.sets.archives import unpack
from iqabench.sets.binding import bind, user_root

TIMEOUT = 30.0
"""Seconds to wait for a server."""


def fetch(
    bound: BoundDataset, root: Path | None, catalog: Path, tick: Tick | None = None
) -> Dataset:
    """Fetch a set whose archive is known, unpack it and write its root into a catalogue.

    An interrupted download continues where it stopped. The archive is unpacked only after its size
    and checksum were found to be right.

    Args:
        bound: the set.
        root: the folder to unpack into; None takes the set's root if it has one, else a folder
            below ``$IQABENCH_DATA`` or the user's data folder.
        catalog: the catalogue to write.
        tick: shows progress.

    Returns:
        The set, read.

    Raises:
        DataError: no archive is known, the folder is not empty, the download fails, the archive has
            another size or checksum than the catalogue says, or it cannot be unpacked.
    """
    card = bound.card
    if not card.archive.url:
        raise _by_hand(bound)
    root = (root or bound.root or user_root(card.name)).absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise DataError(
            f"{root} is there and not empty",
            f"name another place with --root, or iqabench datasets add {card.name} --root {root}",
        )
    archive = _downloaded(card.archive, tick)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        unpack(archive, root, tick)
    except OSError as error:
        raise DataError(f"cannot unpack into {root}: {error}", "name another --root") from error
    dataset = bind(card.name, {"root": str(root)}, catalog, tick)
    archive.unlink()
    return dataset


def _by_hand(bound: BoundDataset) -> DataError:
    card = bound.card
    archive = card.archive.filename or "the archive"
    where = f" from {card.homepage}" if card.homepage else ""
    return DataError(
        f"no download with a checksum is known for '{card.name}'",
        f"get {archive}{where}, unpack it, then iqabench datasets add {card.name} --root FOLDER",
    )


def _downloaded(card: ArchiveCard, tick: Tick | None) -> Path:
    """Download the archive into the cache and check it; returns its path."""
    folder = cache_dir() / "downloads"
    archive = folder / f"{card.sha256[:16]}-{card.filename}"
    part = archive.with_name(archive.name + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(archive.with_name(archive.name + ".lock")):
            if not archive.exists():
                _complete(card, part, tick)
                _check(card, part)
                part.rename(archive)
    except OSError as error:
        raise DataError(
            f"cannot fetch {card.url}: {getattr(error, 'reason', error)}",
            "run it again to go on where it stopped",
        ) from error
    return archive


def _complete(card: ArchiveCard, part: Path, tick: Tick | None) -> None:
    if part.exists() and part.stat().st_size >= card.bytes:
        return
    download(
        card.url,
        part,
        timeout=TIMEOUT,
        most=card.bytes,
        tick=lambda done, total: tick(done, card.bytes, "bytes") if tick else None,
    )


def _check(card: ArchiveCard, part: Path) -> None:
    """Check size and checksum of a download.

    A complete but wrong file is removed, because a download that continues from it cannot succeed.
    """
    size = part.stat().st_size
    if size < card.bytes:
        raise OSError(f"the download ended after {size} of {card.bytes} bytes")
    found = sha256(part)
    if (size, found) == (card.bytes, card.sha256):
        return
    part.unlink()
    raise DataError(
        f"{card.url} is not what the catalogue names: {size} bytes with sha256 {found[:16]}, not "
        f"{card.bytes} with {card.sha256[:16]}",
        "nothing was unpacked; is there a newer version?",
    )
