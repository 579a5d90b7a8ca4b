"""Catalogues: YAML files that bind names of data sets to folders and settings.

Three catalogues are merged key by key: the shipped one, the user's, and the one that ``--catalog``
names. The later catalogue wins.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import ValidationError

from iqabench import yaml_files
from iqabench.contract.cards import DatasetCard
from iqabench.contract.errors import CatalogError, DataError, UnknownNameError, UsageError
from iqabench.kit.places import cache_dir
from iqabench.registry import Registry

CARD_KEYS = (
    "title",
    "direction",
    "score_range",
    "label_kind",
    "unordered",
    "unlabelled",
    "archive",
    "repository",
    "homepage",
    "licence",
    "citation",
)
PLACES = ("root", "links")
"""Keys that name folders, relative to the catalogue."""
COMMON_KEYS = (*PLACES, "reader", "protocol", *CARD_KEYS)


@dataclass(frozen=True)
class BoundDataset:
    """A data set's card with the folder and options a catalogue gave it."""

    card: DatasetCard
    root: Path | None
    options: Mapping[str, Any] = field(default_factory=dict)
    links: Path | None = None
    """A folder outside ``root`` into which symbolic links below ``root`` may lead."""

    @property
    def name(self) -> str:
        """The short name."""
        return self.card.name

    @property
    def is_there(self) -> bool:
        """Whether its folder exists. True for a built-in set, which is made on first use."""
        return self.card.builder is not None or (self.root is not None and self.root.is_dir())


def user_catalog() -> Path:
    """Where the user's own catalogue lies, whether or not it exists."""
    folder = os.environ.get("IQABENCH_CONFIG") or platformdirs.user_config_path("iqabench")
    return Path(folder) / "datasets.yaml"


def shipped_catalog() -> Path:
    """The path of datasets.yaml: inside an installed package, beside the package in a checkout."""
    inside = Path(__file__).parent / "datasets.yaml"
    return inside if inside.exists() else Path(__file__).parent.parent / "datasets.yaml"


class Catalog:
    """All known data sets, bound to their folders."""

    def __init__(self, registry: Registry, extra: Path | None = None) -> None:
        """Read and merge the catalogues.

        Raises:
            CatalogError: a file is missing, is no YAML, or holds an unknown key.
        """
        self.registry = registry
        self._entries: dict[str, dict[str, Any]] = {}
        self._sources: dict[str, Path] = {}
        if extra is not None and not extra.exists():
            raise CatalogError(f"no catalogue at {extra}", "--catalog names a YAML file")
        for path in (shipped_catalog(), user_catalog(), extra):
            if path is not None and path.exists():
                self._merge(path)

    def names(self) -> list[str]:
        """Short names of every set and reader, registered or defined by a catalogue."""
        return sorted({*self.registry.datasets.cards, *self._entries})

    def sets(self) -> list[str]:
        """As :meth:`names`, without readers that serve users' own sets only."""
        return [name for name in self.names() if not self._is_reader(name)]

    def _is_reader(self, name: str) -> bool:
        """Whether the name is a reader's alone: its card says nothing of any pictures or scores."""
        if name in self._entries:
            return False
        card = self.registry.datasets.cards[name]
        return not (card.images or card.citation or card.score_range)

    def get(self, name: str) -> BoundDataset:
        """A set by name or alias, whether or not its folder exists.

        Raises:
            UnknownNameError: neither a plugin nor a catalogue knows it.
        """
        card = self._card(name)
        entry = self._entries.get(card.name, {})
        options = {key: value for key, value in entry.items() if key in card.option_keys}
        links = Path(entry["links"]) if entry.get("links") else None
        return BoundDataset(card, self._root(card, entry), options, links)

    def ready(self, name: str, root: Path | None = None) -> BoundDataset:
        """A set whose folder exists (a built-in set is made on first use).

        Args:
            name: the set's name or alias.
            root: its folder, in place of what the catalogues say.

        Raises:
            UsageError: a root is given for a built-in set.
            DataError: the folder is missing; the hint says how to name it.
        """
        bound = self.get(name)
        if root is not None and bound.card.builder is not None:
            raise UsageError(f"--root {root}: '{bound.name}' is made, not found", "drop --root")
        if root is not None:
            bound = replace(bound, root=root)
        if not bound.is_there:
            where = "has no root" if bound.root is None else f"is not at {bound.root}"
            raise DataError(
                f"data set '{bound.name}' {where}",
                f"`iqabench datasets add {bound.name} --root DIR` says where it is, or set "
                f"$IQABENCH_DATA to a folder that holds {bound.name}/"
                + (f"; the data: {bound.card.homepage}" if bound.card.homepage else "")
                + (f", or `iqabench datasets fetch {bound.name}`" if bound.card.fetched else ""),
            )
        return bound

    def _root(self, card: DatasetCard, entry: Mapping[str, Any]) -> Path | None:
        if entry.get("root"):
            return Path(entry["root"])
        if card.builder is not None:
            return cache_dir() / "datasets" / f"{card.name}-{card.version}"
        base = os.environ.get("IQABENCH_DATA")
        return Path(base) / card.name if base else None

    def _card(self, name: str) -> DatasetCard:
        shelf = self.registry.datasets
        key = shelf.canonical(name)
        if key in self._entries and "reader" in self._entries[key]:
            return self._user_card(key)
        try:
            card = shelf.get(name, self.registry.note())
        except UnknownNameError:
            raise UnknownNameError(
                "data set", name, self.sets(), self.registry.note(), shelf.lister
            ) from None
        return self._overridden(card, self._entries.get(card.name, {}))

    def _user_card(self, name: str) -> DatasetCard:
        entry = self._entries[name]
        template = self.registry.datasets.get(entry["reader"])
        base = template.model_copy(
            update={"name": name, "title": name, "aliases": (), "builder": None}
        )
        return self._overridden(base, entry)

    def _overridden(self, card: DatasetCard, entry: Mapping[str, Any]) -> DatasetCard:
        fields = {key: entry[key] for key in CARD_KEYS if key in entry}
        if "protocol" in entry:
            given = entry["protocol"]
            known = card.protocol.model_dump()
            fields["protocol"] = known | dict(given) if isinstance(given, Mapping) else given
        if not fields:
            return card
        try:
            return DatasetCard.model_validate(card.model_dump() | fields)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise CatalogError(
                f"{self._sources[card.name]}: data set '{card.name}', {key}: {first['msg']}",
                f"it is {first['input']!r}",
            ) from error

    def _merge(self, path: Path) -> None:
        document = yaml_files.read_mapping(path, CatalogError, "the catalogue", "datasets:")
        yaml_files.check_keys(path, document, ("datasets",), CatalogError)
        datasets = document.get("datasets") or {}
        if not isinstance(datasets, Mapping):
            raise CatalogError(f"{path}: 'datasets' is no mapping", "write name: {root: PATH}")
        for name, entry in datasets.items():
            entry = entry if entry is not None else {}
            where = yaml_files.place(path, datasets, name)
            if not isinstance(entry, Mapping):
                raise CatalogError(
                    f"{where}: '{name}' is no mapping", f"write {name}: {{root: PATH}}"
                )
            for place in PLACES:
                if not isinstance(entry.get(place) or "", str):
                    raise CatalogError(
                        f"{where}: the {place} of '{name}' is no path",
                        f"write {place}: /data/x",
                    )
            key = self.registry.datasets.canonical(str(name))
            if not re.fullmatch(r"[a-z0-9][a-z0-9._+-]*", key):
                raise CatalogError(
                    f"{where}: '{name}' cannot name a data set",
                    "letters, digits and . _ + - only, so that --datasets can hold it",
                )
            merged = self._entries.get(key, {}) | dict(entry)
            keys = (*COMMON_KEYS, *self._option_keys(path, key, merged))
            yaml_files.check_keys(path, entry, keys, CatalogError)
            self._entries[key] = merged
            self._sources[key] = path
            for place in PLACES:
                if entry.get(place):
                    merged[place] = str(path.parent / Path(entry[place]).expanduser())

    def _option_keys(self, path: Path, name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
        reader = str(entry.get("reader", name))
        try:
            return self.registry.datasets.get(reader).option_keys
        except UnknownNameError as error:
            if self.registry.failures:
                return tuple(entry)  # a failed plugin may have its reader; see `doctor`
            raise CatalogError(
                f"{path}: data set '{name}' has no reader ({error.message})",
                f"add reader: csv, or the name of a registered set; {error.hint}",
            ) from None
