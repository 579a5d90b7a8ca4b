"""Tells the models from the pictures among the arguments of ``iqabench score``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import UsageError

if TYPE_CHECKING:
    from iqabench import Session

STANDARD_INPUT = "-"
FILE_ENDING = re.compile(r"\.[A-Za-z]{2,5}$")
"""How names of picture files end, and no name of a model."""


def split(
    words: Sequence[str], named: Sequence[str], session: Session, exported: bool
) -> tuple[list[str] | None, list[str]]:
    """The models, or None for the default, and the pictures.

    The first word names models if no file is called so and each of its comma-separated names is a
    known model's. With an exported file, which knows its model, it does if no file is called so.

    Args:
        words: the arguments.
        named: what ``--models`` names; then all words are pictures.
        session: knows the models; plugins are not loaded if ``exported``.
        exported: whether an exported file scores.

    Raises:
        UsageError: there is no picture, or the first word is neither a model nor a file.
        UnknownNameError: pictures follow a word that is neither.
    """
    if not words:
        raise UsageError("no pictures are named", "iqabench score [MODEL] IMAGES")
    if named:
        return list(named), list(words)
    first, rest = words[0], list(words[1:])
    if first == STANDARD_INPUT or _is_file(first):
        if not exported and _known(first, session):
            session.watch.say(f"{first} is a file here, so it is scored; --models names a model")
        return None, list(words)
    known = not _looks_like_file(first) if exported else _known(first, session)
    if not known:
        _refuse(first, rest, session)
    if not rest:
        raise UsageError(
            f"{first} names the model, and no picture follows", f"iqabench score {first} IMAGES"
        )
    return [one.strip() for one in first.split(",") if one.strip()], rest


def paths_of(given: Sequence[str]) -> list[str]:
    """The paths as given, with those on standard input in the place of ``-``.

    Standard input has one path a line, or, as ``find -print0`` writes them, each ended by a zero.
    """
    return [path for word in given for path in (_listed() if word == STANDARD_INPUT else [word])]


def _listed() -> list[str]:
    content = sys.stdin.buffer.read()
    parts = content.split(b"\0") if b"\0" in content else content.splitlines()
    found = [os.fsdecode(part) for part in parts if part]
    if not found:
        raise UsageError("standard input lists no picture", "one path a line")
    return found


def _is_file(word: str) -> bool:
    return os.path.lexists(word)


def _looks_like_file(word: str) -> bool:
    return os.sep in word or FILE_ENDING.search(word) is not None


def _known(word: str, session: Session) -> bool:
    """Whether every comma-separated name in a word, or what follows its label, is a model's."""
    models = session.registry.models
    parts = [part.rpartition("=")[2].strip() for part in word.split(",") if part.strip()]
    return bool(parts) and all(map(models.has, parts))


def _refuse(first: str, rest: Sequence[str], session: Session) -> None:
    """Complain about a first word that is neither a known model nor a file."""
    if _looks_like_file(first):
        raise UsageError(f"no picture at {Path(first)}", "name pictures, or folders that hold some")
    if not rest:
        raise UsageError(
            f"'{first}' is neither a model nor a picture", "`iqabench models` lists the models"
        )
    for part in first.split(","):
        session.registry.model(part.rpartition("=")[2].strip())
