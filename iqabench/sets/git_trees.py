"""Reads a repository's listing as GitHub gives it, and proves it against the id of its tree.

Git names a file by the SHA-1 of its content, and a folder by the SHA-1 of the names, kinds and ids
of what it holds. So the one id of the top folder pins every name and every content below it. Sizes
are not in a folder's id; they are what GitHub says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from iqabench.contract.errors import DataError
from iqabench.kit.tree import refuse_unsafe

BLOCK = 1 << 20
FILES = ("100644", "100755")
"""Git's modes of plain files; links and repositories inside the repository have others."""
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class Listed(BaseModel, frozen=True):
    """A file or folder of a listing."""

    path: str
    mode: str
    type: str
    sha: Id
    size: int = Field(0, ge=0)
    """Bytes; 0 for a folder."""


class _Listing(BaseModel):
    tree: tuple[Listed, ...]
    truncated: bool


def listed_files(answer: bytes, tree: str) -> list[Listed]:
    """The files of a recursive listing.

    Args:
        answer: what GitHub answers to ``/repos/OWNER/NAME/git/trees/TREE?recursive=1``.
        tree: the id that the tree must have, 40 hexadecimal digits.

    Raises:
        DataError: the answer is no listing or not a whole one, it has another id, or it holds a
            link, another repository, or a path that could lead out of a folder.
    """
    try:
        listing = _Listing.model_validate_json(answer)
    except ValidationError as error:
        raise DataError(
            "GitHub's answer is no listing of a repository", "is there a proxy that changes it?"
        ) from error
    if listing.truncated:
        raise DataError(
            "GitHub lists only a part of the repository, which is too large for it",
            "fetch the repository with git",
        )
    files = [entry for entry in listing.tree if entry.type != "tree"]
    for file in files:
        _refuse_unsafe(file)
    found = tree_id(files)
    if found != tree:
        raise DataError(
            f"GitHub's listing is not the tree that was asked for: {found[:16]}, not {tree[:16]}",
            "nothing was written; is there a proxy that changes it?",
        )
    return files


def _refuse_unsafe(file: Listed) -> None:
    refuse_unsafe(file.path)
    if {part.lower() for part in file.path.split("/")} & {"", ".", ".git"}:
        raise DataError(f"{file.path!r} is no usable path", "do not trust this repository")
    if file.mode not in FILES:
        raise DataError(
            f"{file.path!r} is a link or another repository, not a file",
            "fetch the repository with git, then iqabench datasets add",
        )


def blob_id(path: Path) -> str:
    """Git's id of a file: the SHA-1 of ``blob``, its size and its content, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    total = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            total.update(block)
    return total.hexdigest()


def tree_id(files: Iterable[Listed]) -> str:
    """Git's id of the folder that holds these files, in hexadecimal.

    Raises:
        DataError: two files have one path, or a file's path is a folder of another.
    """
    top: _Folder = {}
    for file in files:
        *folders, name = file.path.split("/")
        inside = top
        for folder in folders:
            below = inside.setdefault(folder, {})
            if not isinstance(below, dict):
                raise _twice(file)
            inside = below
        if name in inside:
            raise _twice(file)
        inside[name] = file
    return _folder_id(top).hex()


_Folder = dict[str, "Listed | _Folder"]


def _twice(file: Listed) -> DataError:
    return DataError(f"GitHub lists {file.path!r} twice", "is there a proxy that changes it?")


def _folder_id(folder: _Folder) -> bytes:
    """The SHA-1 of a folder's entries. Git sorts folders as if a slash ended their names."""
    entries = []
    for name, inside in folder.items():
        key = name.encode()
        if isinstance(inside, dict):
            entries.append((key + b"/", b"40000 " + key + b"\0" + _folder_id(inside)))
        else:
            sha = bytes.fromhex(inside.sha)
            entries.append((key, inside.mode.encode() + b" " + key + b"\0" + sha))
    content = b"".join(entry for _, entry in sorted(entries))
    return hashlib.sha1(f"tree {len(content)}\0".encode() + content, usedforsecurity=False).digest()
