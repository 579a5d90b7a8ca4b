"""Lists and clears the cache of saliency maps, by provider."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iqabench.contract.errors import StoreError
from iqabench.registry import registry
from iqabench.saliency.maps import folder


@dataclass(frozen=True)
class Kept:
    """Number and bytes of one provider's cached maps, for all its options together."""

    provider: str
    maps: int
    bytes: int


def kept() -> list[Kept]:
    """Number and bytes of every provider's cached maps, sorted by name."""
    sizes: dict[str, list[int]] = {}
    for name, place in _folders():
        files = (file for file in place.rglob("*") if file.is_file())
        sizes.setdefault(name, []).extend(file.stat().st_size for file in files)
    return [Kept(name, len(found), sum(found)) for name, found in sorted(sizes.items())]


def clear(provider: str = "") -> list[Kept]:
    """Remove one provider's maps, or all maps. They are made again when they are needed.

    Returns:
        Number and bytes of the removed maps, by provider.

    Raises:
        UnknownNameError: no maps of that name are kept, and no such provider is registered.
        StoreError: a folder cannot be removed.
    """
    name = provider.partition(":")[0]
    before = [one for one in kept() if name in ("", one.provider)]
    if name and not before:
        registry().saliency.get(name, registry().note())
    for owner, place in _folders():
        if name in ("", owner):
            try:
                shutil.rmtree(place)
            except OSError as error:
                raise StoreError(
                    f"cannot remove {place}: {error.strerror or error}", "is it yours to write?"
                ) from error
    return before


def _folders() -> Iterator[tuple[str, Path]]:
    """The folders of maps, each with its provider's name, with which the folder's name begins."""
    for place in sorted(folder().glob("*-*")):
        yield place.name.rpartition("-")[0], place
