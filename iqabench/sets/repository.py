"""Brings the files of a repository on GitHub into a folder, those that are missing or damaged."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.parse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from pathlib import Path

from iqabench.contract.cards import RepositoryCard
from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick
from iqabench.kit.download import download
from iqabench.sets.git_trees import Listed, blob_id, listed_files
from iqabench.store.files import write_atomically

LISTINGS = "https://api.github.com/repos"
FILES = "https://raw.githubusercontent.com"
LISTING = ".git-listing.json"
"""The listing that was proven, kept in the set's folder: a later call asks GitHub for no other, and
knows that the files beside it were fetched, so it may replace damaged ones."""

AT_ONCE = 8
"""Files that are downloaded at once. They are small, so it is the server's answers that take
time."""
ATTEMPTS, PAUSE = 3, 2.0
"""Attempts at each file, and seconds before the second; the pause then grows."""
TIMEOUT = 30.0
"""Seconds to wait for a server."""
BLOCK = 4096
"""Each file counts as at least this many bytes on disk."""
LISTING_BYTES = 50 * 2**20
"""GitHub gives listings of at most 7 MB."""
REFUSALS = (403, 429)
"""How GitHub answers after too many requests from one address."""
WAIT, LONGEST_WAIT = 3600, 86400
"""Seconds to wait after such an answer if it does not say, and the most that it is believed."""

Begin = Callable[[int, int], None]


def complete(card: RepositoryCard, root: Path, begin: Begin, tick: Tick | None = None) -> None:
    """Download what a folder lacks of the files that the card names.

    The listing of the repository is proven by the id of its tree, and each file by its own id in
    the listing. A file is written under another name, which it keeps until it is whole and right;
    an interrupted download continues there.

    Args:
        card: the repository.
        root: the folder; it is made if something is to be written.
        begin: called before the download with the number of files to download and their bytes.
        tick: shows progress.

    Raises:
        DataError: the listing is not the one of the card (nothing is written); the folder holds
            other things, or other files under the same names, and was not filled by this function;
            the disk is too full; GitHub cannot be reached or wants fewer requests; or a file is
            wrong in every attempt.
    """
    show = tick or (lambda done, total, what: None)
    try:
        answer, files = _listing(card, root / LISTING)
        missing = _missing(card, [file for file in files if card.needs(file.path)], root, show)
        if missing:
            _check_room(missing, root)
            begin(len(missing), sum(file.size for file in missing))
            root.mkdir(parents=True, exist_ok=True)
            write_atomically(root / LISTING, lambda part: part.write_bytes(answer))
            _download(card, missing, root, show)
    except OSError as error:
        raise DataError(
            f"cannot fetch {card.name}: {getattr(error, 'reason', error)}",
            "what came is kept; run it again to go on where it stopped",
        ) from error


def _listing(card: RepositoryCard, kept: Path) -> tuple[bytes, list[Listed]]:
    """GitHub's answer and the files that it lists: the answer in the folder, or else a new one."""
    try:
        answer = kept.read_bytes()
        return answer, listed_files(answer, card.tree)
    except (OSError, DataError):  # none is kept, or it is damaged or of another version
        pass
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "listing"
        _get(f"{LISTINGS}/{card.name}/git/trees/{card.tree}?recursive=1", part, LISTING_BYTES)
        answer = part.read_bytes()
    return answer, listed_files(answer, card.tree)


def _missing(
    card: RepositoryCard, wanted: Sequence[Listed], root: Path, tick: Tick
) -> list[Listed]:
    """The files that are not in the folder, or that are damaged there."""
    absent, wrong = [], []
    for done, file in enumerate(wanted, 1):
        path = root / file.path
        if not os.path.lexists(path):
            absent.append(file)
        elif not path.is_file() or blob_id(path) != file.sha:
            wrong.append(file)
        tick(done, len(wanted), "files looked at")
    if (root / LISTING).exists():
        return absent + wrong
    if wrong:
        raise DataError(
            f"{root / wrong[0].path} is not the file of that name in {card.name}; "
            f"{len(wrong)} of {len(wanted)} differ",
            "move what differs away, or name another place with --root",
        )
    if len(absent) == len(wanted) and root.exists() and any(root.iterdir()):
        raise DataError(f"{root} is there and not empty", "name another place with --root")
    return absent


def _check_room(missing: Sequence[Listed], root: Path) -> None:
    place = next(folder for folder in (root, *root.parents) if folder.exists())
    need, free = sum(max(file.size, BLOCK) for file in missing), shutil.disk_usage(place).free
    if need > free:
        raise DataError(
            f"{len(missing)} files need {need / 2**20:.0f} MiB of disk, and {free / 2**20:.0f} MiB "
            f"are free at {place}",
            "name another place with --root",
        )


def _download(card: RepositoryCard, missing: Sequence[Listed], root: Path, tick: Tick) -> None:
    """Download files in threads. If one fails or the user stops, those begun are ended."""
    done, total = 0, sum(file.size for file in missing)
    stopped = threading.Event()
    pool = ThreadPoolExecutor(AT_ONCE, "fetch")
    try:
        jobs = {pool.submit(_bring, card, file, root, stopped): file for file in missing}
        for count, job in enumerate(as_completed(jobs), 1):
            job.result()
            done += jobs[job].size
            tick(done, total, f"{count}/{len(jobs)} files, bytes")
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _bring(card: RepositoryCard, file: Listed, root: Path, stopped: threading.Event) -> None:
    """Download one file, in several attempts if need be."""
    path = root / file.path
    part = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if not part.exists() or part.stat().st_size < max(file.size, 1):
                url = f"{FILES}/{card.name}/{card.commit}/{urllib.parse.quote(file.path)}"
                _get(url, part, file.size)
            _place(part, file, path)
            return
        except OSError as error:
            last = attempt == ATTEMPTS or not _may_pass(error)
            if last or stopped.wait(PAUSE * attempt):
                raise OSError(f"{file.path}: {getattr(error, 'reason', error)}") from error


def _place(part: Path, file: Listed, path: Path) -> None:
    """Give a download its name. A wrong one is removed, since nothing can continue from it."""
    if blob_id(part) != file.sha:
        part.unlink()
        raise OSError("what came has another content than the listing says")
    part.replace(path)


def _may_pass(error: OSError) -> bool:
    """Whether another attempt may succeed: the server or the network failed, not this machine."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= 500 or error.code == 416
    return error.errno is None or isinstance(error, ConnectionError | TimeoutError)


def _get(url: str, part: Path, most: int) -> None:
    """Download into ``part``.

    Raises:
        DataError: the server wants fewer requests.
        OSError: anything else is wrong.
    """
    try:
        download(url, part, timeout=TIMEOUT, most=most)
    except urllib.error.HTTPError as error:
        if error.code not in REFUSALS:
            raise
        seconds = _wait(error.headers.get("Retry-After"), error.headers.get("X-RateLimit-Reset"))
        clock = datetime.fromtimestamp(time.time() + seconds)
        raise DataError(
            f"{urllib.parse.urlsplit(url).hostname} refuses more requests from this address for "
            f"now (HTTP {error.code})",
            f"what came is kept; run it again after {clock:%H:%M}, in {-(-seconds // 60)} min",
        ) from error


def _wait(after: str | None, reset: str | None) -> int:
    """Seconds to wait, from a server's number of seconds or time; 1 to ``LONGEST_WAIT``."""
    if after is not None and after.isdecimal():
        seconds = int(after)
    elif reset is not None and reset.isdecimal():
        seconds = int(reset) - int(time.time())
    else:
        seconds = WAIT
    return min(max(seconds, 1), LONGEST_WAIT)
