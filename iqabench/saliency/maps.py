"""Saliency maps of a data set's pictures: made once per picture and provider, float16.

A map is kept in a file (:mod:`iqabench.data.array_files`). The file's name is a hash of everything
from which the map is made: the content of the picture and of the files that its provider reads. So
copies of a picture, models, seeds and processes share one map. A map is made again if one of these
files has changed or if the kept map is damaged. The folder's name holds the provider's name and a
hash of its options and its code.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import DataError, ScoreError
from iqabench.contract.progress import Tick
from iqabench.data import array_files, cache_limit
from iqabench.data.tables import Dataset
from iqabench.kit.places import cache_dir
from iqabench.registry import Provider
from iqabench.saliency.providers import code, identity, label
from iqabench.store.records import MapsIdentity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iqabench.saliency.makers import Maker


def folder() -> Path:
    """The folder of all maps; it holds one folder for each provider and its options."""
    return cache_dir() / "saliency"


_MAKING = RLock()
"""Held while a provider works: inputs are made on threads, and a provider's network is one. A
permuted map is made of another, in the same thread."""


@dataclass(frozen=True)
class MapSource:
    """A saliency provider whose maps are cached."""

    provider: Provider
    _makers: dict[int, Maker] = field(default_factory=dict, init=False, repr=False, compare=False)
    """``id()`` of a data set -> its maker, which keeps the data set alive."""

    def __getstate__(self) -> dict[str, Any]:
        """The provider alone: makers hold open models, and are known by where they lie."""
        return {"provider": self.provider, "_makers": {}}

    @property
    def label(self) -> str:
        """The provider and its options, as tables show them."""
        return label(self.provider)

    @property
    def reads_files(self) -> bool:
        """Whether maps are read from files or permuted, so that :meth:`identity` may hash files."""
        return self.provider.card.kind != "computed"

    def identity(self, dataset: Dataset) -> MapsIdentity:
        """The identity of a data set's maps, as fingerprints hold it.

        Raises:
            DataError: an image has no map.
        """
        files = self._maker(dataset).files
        return MapsIdentity(provider=identity(self.provider), code=code(self.provider), files=files)

    def path(self, dataset: Dataset, name: str) -> Path:
        """The path of a picture's map in the cache; the map need not be made yet.

        Raises:
            DataError: there is no map of the picture.
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

        A picture that cannot have a map is passed over: its file cannot be decoded, or it is a
        pristine picture for which no map is shipped. :meth:`read` raises its error.

        Raises:
            ScoreError: the provider returned an invalid map.
        """
        for done, name in enumerate(names, 1):
            with suppress(DataError):
                self.read(dataset, name, allow_truncated)
            if tick is not None:
                tick(done, len(names), f"saliency maps ({self.label})")

    def read(
        self, dataset: Dataset, name: str, allow_truncated: bool = False
    ) -> NDArray[np.float16]:
        """A picture's map, (H, W) float16 in [0, 1] with maximum 1.

        It is read from the cache, or made and stored there.

        Raises:
            DataError: the picture cannot be decoded, or there is no map of it.
            ScoreError: the provider returned an invalid map.
        """
        import numpy as np

        place = self.path(dataset, name)
        kept = array_files.read(place, np.float16)
        if kept is not None:
            return kept[0]
        try:
            with _MAKING:
                made = self._maker(dataset).make(name, allow_truncated)
        except ScoreError as error:
            raise ScoreError(f"{error.message}, for {name}", error.hint) from error
        array: NDArray[np.float16] = made[0].half().numpy()
        if cache_limit.spare(place) > array.nbytes:
            array_files.write(place, array_files.parts(array))
        return array

    @cached_property
    def _folder(self) -> Path:
        made_by = MapsIdentity(provider=identity(self.provider), code=code(self.provider))
        return folder() / f"{self.provider.card.name}-{made_by.digest}"

    def _maker(self, dataset: Dataset) -> Maker:
        if id(dataset) not in self._makers:
            self._makers[id(dataset)] = self._new_maker(dataset)
        return self._makers[id(dataset)]

    def _new_maker(self, dataset: Dataset) -> Maker:
        from iqabench.saliency import makers

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
