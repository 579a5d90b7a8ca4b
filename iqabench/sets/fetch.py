"""Downloads a set's archive or files, checks them, and writes the set's root into a catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from iqabench.catalog import BoundDataset
from iqabench.contract.cards import ArchiveCard, DatasetCard, RepositoryCard
from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick
from iqabench.data.tables import Dataset
from iqabench.kit.download import download, sha256
from iqabench.kit.places import cache_dir
from iqabench.sets.archives import unpack
from iqabench.sets.binding import bind, user_root
from iqabench.sets.repository import complete

TIMEOUT = 30.0
"""Seconds to wait for a server."""
Say = Callable[[str], None]


def fetch(
    bound: BoundDataset,
    root: Path | None,
    catalog: Path,
    tick: Tick | None = None,
    say: Say | None = None,
) -> Dataset:
    """Fetch a set of which an archive or a repository is known; write its root into a catalogue.

    An interrupted download continues where it stopped. An archive is unpacked only after its size
    and checksum were found to be right; for a repository see :mod:`iqabench.sets.repository`.

    Args:
        bound: the set.
        root: the folder for the files; None takes the set's root if it has one, else a folder
            below ``$IQABENCH_DATA`` or the user's data folder.
        catalog: the catalogue to write.
        tick: shows progress.
        say: called before a download, with the set's terms and what to cite.

    Returns:
        The set, read.

    Raises:
        DataError: neither is known, the folder holds other things, the download fails, what came is
            not what the card or the catalogue names, or an archive cannot be unpacked.
    """
    card, say = bound.card, say or (lambda line: None)
    root = (root or bound.root or user_root(card.name)).absolute()
    if card.archive.url:
        return _from_archive(card, root, catalog, tick, say)
    if card.repository is not None:
        _from_repository(card, card.repository, root, tick, say)
        return bind(card.name, {"root": str(root)}, catalog, tick)
    raise _by_hand(card)


def _from_archive(
    card: DatasetCard, root: Path, catalog: Path, tick: Tick | None, say: Say
) -> Dataset:
    """Download and unpack a set's archive, read the set and write its root into a catalogue."""
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise DataError(
            f"{root} is there and not empty",
            f"name another place with --root, or iqabench datasets add {card.name} --root {root}",
        )
    say(_terms(card, f"{card.archive.url} ({card.archive.bytes / 1e6:.1f} MB)"))
    archive = _downloaded(card.archive, tick)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        unpack(archive, root, tick)
    except OSError as error:
        raise DataError(f"cannot unpack into {root}: {error}", "name another --root") from error
    dataset = bind(card.name, {"root": str(root)}, catalog, tick)
    archive.unlink()
    return dataset


def _from_repository(
    card: DatasetCard, repository: RepositoryCard, root: Path, tick: Tick | None, say: Say
) -> None:
    """Bring a set's files into ``root``."""

    def begin(files: int, size: int) -> None:
        source = f"https://github.com/{repository.name} at {repository.commit[:7]}"
        say(_terms(card, f"{files} files ({size / 1e6:.1f} MB) of {source}"))

    folder = cache_dir() / "downloads"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{repository.tree[:16]}.lock"):
            complete(repository, root, begin, tick)
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error}", "set $IQABENCH_CACHE") from error


def _terms(card: DatasetCard, what: str) -> str:
    """What is downloaded, under which terms, and what to cite, in a few lines."""
    lines = [f"{card.title}: {what}", f"terms: {card.licence or 'not stated'}"]
    return "\n".join([*lines, f"cite: {card.citation}"] if card.citation else lines)


def _by_hand(card: DatasetCard) -> DataError:
    """What to do about a set that cannot be downloaded without its owners."""
    if card.builder is not None:
        return DataError(
            f"'{card.name}' is made at its first use, not downloaded",
            f"iqabench run --models brisque --datasets {card.name}",
        )
    known = f"no download with a checksum is known for '{card.name}'"
    archive = card.archive.filename or "the archive"
    if not card.homepage:
        return DataError(known, "docs/datasets.md says which files it reads")
    return DataError(
        known,
        f"get {archive} from {card.homepage} (terms: {card.licence or 'not stated'}), unpack it, "
        f"then iqabench datasets add {card.name} --root FOLDER",
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
