"""What the cache of saliency maps holds, by provider."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iqabench.contract.errors import StoreError
from iqabench.data.maps import folder
from iqabench.registry import registry


@dataclass(frozen=True)
class Kept:
    """The maps of one provider, whatever its options."""

    provider: str
    maps: int
    bytes: int


def kept() -> list[Kept]:
    """The room that every provider's maps take, by name."""
    sizes: dict[str, list[int]] = {}
    for name, place in _folders():
        files = (file for file in place.rglob("*") if file.is_file())
        sizes.setdefault(name, []).extend(file.stat().st_size for file in files)
    return [Kept(name, len(found), sum(found)) for name, found in sorted(sizes.items())]


def clear(provider: str = "") -> list[Kept]:
    """Remove a provider's maps, or all; they are made again when they are needed.

    Returns:
        What was removed.

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
    """Folders of maps by the name of their provider, which their own name begins with."""
    for place in sorted(folder().glob("*-*")):
        yield place.name.rpartition("-")[0], place
