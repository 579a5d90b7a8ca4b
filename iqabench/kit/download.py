"""Fetches files over HTTP, and computes checksums. The caller checks and renames the files."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

BLOCK = 1 << 20


def download(
    url: str,
    part: Path,
    *,
    timeout: float,
    most: int | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> None:
    """Fetch a file into ``part``, and continue after the bytes that an earlier attempt left there.

    A server that does not support ranges sends the whole file; then ``part`` is written anew.

    Args:
        url: http or https.
        part: where to write; its folder exists.
        timeout: seconds to wait for the server each time.
        most: largest number of bytes to accept; None accepts any.
        tick: called with (bytes in ``part``, bytes of the whole file, or 0 if unknown).

    Raises:
        OSError: the server cannot be reached, the download ends too early (``part`` keeps the
            received bytes), or the file is longer than ``most``.
    """
    start = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            if answer.status != 206:
                start = 0
            elif not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                raise OSError("the server sent another range than it was asked for")
            _receive(answer, part, start, most, tick)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the server has nothing after these bytes
            part.unlink(missing_ok=True)
        raise
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def _receive(
    answer: http.client.HTTPResponse,
    part: Path,
    start: int,
    most: int | None,
    tick: Callable[[int, int], None] | None,
) -> None:
    """Write the server's answer into ``part``, after its first ``start`` bytes."""
    length = answer.headers.get("Content-Length")
    total = start + int(length) if length is not None else 0
    done = start
    if most is not None and total > most:
        raise OSError(f"the server has {total} bytes, not {most}")
    with part.open("ab" if start else "wb") as stream:
        while block := answer.read(BLOCK):
            done += len(block)
            if most is not None and done > most:
                raise OSError(f"the server sends more than {most} bytes")
            stream.write(block)
            if tick is not None:
                tick(done, total)
    if done < total:
        raise OSError(f"the download ended after {done} of {total} bytes")


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_sha256(path: Path) -> str:
    """Hex digest of a file's content, or of the names and contents of all files in a folder."""
    if path.is_file():
        return sha256(path)
    total = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        total.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return total.hexdigest()
