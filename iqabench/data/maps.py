"""Saliency maps of a data set's pictures: made once per picture and provider, float16.

A map is kept in a file (:mod:`iqabench.data.mapped`) named by what it was made of: the content of
the picture and of the files that its provider reads. So copies of a picture, models, seeds and
processes share it, and it is made anew when a file has changed or is damaged. The folder is named
by the provider, its options and all that computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import DataError, ScoreError
from iqabench.data import mapped
from iqabench.data.providers import identity, label, source
from iqabench.data.tables import Dataset, Tick
from iqabench.kit.places import cache_dir
from iqabench.registry import Provider
from iqabench.store.fingerprints import digest, harness, package_version

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iqabench.data.makers import Maker

PACKAGES = ("torch", "torchvision", "timm", "numpy", "scipy", "pillow")
"""Their versions name a provider's folder, with that of the library a card requires."""
PARTS = ("contract", "kit", "data")
"""Parts of the harness whose source does so, too."""


def folder() -> Path:
    """Where maps lie, a folder for each provider."""
    return cache_dir() / "saliency"


@dataclass(frozen=True)
class MapSource:
    """A saliency provider whose maps are cached."""

    provider: Provider
    _makers: dict[int, Maker] = field(default_factory=dict, init=False, repr=False, compare=False)
    """By the identity of their data sets, which they keep alive."""

    @property
    def label(self) -> str:
        """The provider and its options, as tables show them."""
        return label(self.provider)

    def fields(self, dataset: Dataset) -> dict[str, Any]:
        """What identifies these maps of a data set in a fingerprint.

        Raises:
            DataError: an image has no map.
        """
        files = self._maker(dataset).files
        named = {**identity(self.provider), **source(self.provider)}
        return {**named, "files": files} if files else named

    def path(self, dataset: Dataset, name: str) -> Path:
        """Where the map of a picture lies, made or not.

        Raises:
            DataError: there is no map of it.
        """
        key = self._maker(dataset).key(name)
        return self._folder / key[:2] / key

    def make(
        self,
        dataset: Dataset,
        names: Sequence[str],
        tick: Tick | None = None,
        allow_truncated: bool = False,
    ) -> None:
        """Make the maps of the named pictures that are not cached yet.

        A picture without one, because it cannot be decoded or is pristine and none is shipped, is
        passed over: it fails by name when its map is read.

        Raises:
            ScoreError: the provider returned no map.
        """
        for done, name in enumerate(names, 1):
            with suppress(DataError):
                self.read(dataset, name, allow_truncated)
            if tick is not None:
                tick(done, len(names), f"saliency maps ({self.label})")

    def read(
        self, dataset: Dataset, name: str, allow_truncated: bool = False
    ) -> NDArray[np.float16]:
        """A picture's map, (H, W) float16 in [0, 1] with maximum 1, from the cache or into it.

        Raises:
            DataError: the picture cannot be decoded, or there is no map of it.
            ScoreError: the provider returned no map.
        """
        import numpy as np

        place = self.path(dataset, name)
        kept = mapped.read(place, np.float16)
        if kept is not None:
            return kept[0]
        try:
            made = self._maker(dataset).make(name, allow_truncated)
        except ScoreError as error:
            raise ScoreError(f"{error.message}, for {name}", error.hint) from error
        array: NDArray[np.float16] = made[0].half().numpy()
        mapped.write(place, mapped.parts(array))
        return array

    @cached_property
    def _folder(self) -> Path:
        card = (self.provider.of or self.provider).card
        made_by = {
            **identity(self.provider),
            **source(self.provider),
            "harness": harness(PARTS),
            "packages": {
                name: package_version(name) for name in (*PACKAGES, *filter(None, [card.requires]))
            },
        }
        return folder() / f"{self.provider.card.name}-{digest(made_by)}"

    def _maker(self, dataset: Dataset) -> Maker:
        if id(dataset) not in self._makers:
            self._makers[id(dataset)] = self._new_maker(dataset)
        return self._makers[id(dataset)]

    def _new_maker(self, dataset: Dataset) -> Maker:
        from iqabench.data import makers

        if self.provider.of is not None:
            inner = MapSource(self.provider.of)
            return makers.Permuter(
                self.provider,
                dataset,
                inner._maker(dataset),
                lambda name, allow_truncated: inner.read(dataset, name, allow_truncated),
            )
        kind = makers.Reader if self.provider.card.kind == "read" else makers.Maker
        return kind(self.provider, dataset)
