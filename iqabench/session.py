"""What a call of the API works with: plugins, catalogues, and the data sets read so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.catalog import Catalog
from iqabench.contract.errors import IqabenchError, UsageError
from iqabench.engine.progress import Silent, Watcher
from iqabench.protocols.requests import ModelRequest
from iqabench.registry import Registry, registry

if TYPE_CHECKING:
    from iqabench.audit.pairs import Audit
    from iqabench.data.maps import MapSource
    from iqabench.data.tables import Dataset

SHIPPED = "groundtruth"
"""The saliency provider that reads what a data set ships."""


@dataclass(frozen=True)
class Session:
    """Plugins, catalogues and the data sets read so far."""

    catalog_file: Path | None = None
    watch: Watcher = field(default_factory=Silent)

    @cached_property
    def registry(self) -> Registry:
        """All plugins."""
        return registry()

    @cached_property
    def catalog(self) -> Catalog:
        """All catalogues, merged."""
        return Catalog(self.registry, self.catalog_file)

    @cached_property
    def _read(self) -> dict[tuple[str, Path | None], Dataset]:
        return {}

    def dataset(self, name: str, root: Path | None = None) -> Dataset:
        """A data set by name or alias, at a root or where the catalogues say, read once."""
        from iqabench.data.tables import read

        bound = self.catalog.ready(name, root)
        key = bound.name, bound.root
        if key not in self._read:
            with self.watch.task(f"reading {bound.name}") as tick:
                dataset = read(bound, tick)
                _ = dataset.hash
            self._read[key] = dataset
        return self._read[key]

    def labelled(self, name: str) -> None:
        """See that a data set's folder is there and that it has labels to learn or to test.

        Raises:
            UsageError: it has no scores of quality.
            DataError: the folder is missing.
        """
        card = self.catalog.get(name).card
        if not card.labelled:
            raise UsageError(
                f"data set '{card.name}' has no scores of quality",
                "it judges saliency maps: iqabench saliency eval PROVIDER --dataset NAME",
            )
        self.catalog.ready(name)

    def pictures(self, name: str, data_hash: str) -> Dataset | str:
        """A data set as it was when it had that hash, or why it is not at hand; never builds it."""
        try:
            bound = self.catalog.get(name)
            if bound.root is None or not bound.root.is_dir():
                return "its files are not on this machine"
            dataset = self.dataset(name)
        except IqabenchError as error:
            return error.message
        return dataset if dataset.hash == data_hash else "its files or labels have changed since"

    def audit(self, first: Dataset, second: Dataset | None = None) -> Audit:
        """Pictures of two data sets, or of one, that show the same content."""
        from iqabench.audit.pairs import audit

        names = first.name if second is None else f"{first.name} and {second.name}"
        with self.watch.task(f"comparing the contents of {names}") as tick:
            return audit(first, second, tick)

    @cached_property
    def _maps(self) -> dict[str, MapSource]:
        return {}

    def maps(self, model: ModelRequest, dataset: Dataset) -> MapSource | None:
        """The saliency maps a model learns from on a data set.

        By the provider that the user names; else those that the set ships for every image; else by
        the provider that the model's card names.
        """
        from iqabench.data.maps import MapSource

        provider = model.saliency
        if provider is None:
            return None
        if not model.saliency_named and dataset.ships_maps:
            provider = self.registry.provider(SHIPPED)
        made = MapSource(provider)
        source = self._maps.setdefault(made.label, made)
        if provider.card.kind != "computed":
            with self.watch.task(f"hashing the saliency maps of {dataset.name}"):
                source.fields(dataset)
        return source
