"""Three ways to get the saliency maps of a data set: compute, read or permute them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import DataError
from iqabench.data.file_hashes import file_hashes
from iqabench.data.picture_cache import cached
from iqabench.data.tables import Dataset
from iqabench.registry import Provider
from iqabench.saliency.permutation import partners
from iqabench.saliency.providers import checked, computing
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor


class Maker:
    """Computes maps from the pictures themselves; base class of the others."""

    def __init__(self, provider: Provider, dataset: Dataset) -> None:
        self.provider = provider
        self.dataset = dataset

    @property
    def files(self) -> str:
        """Hash of all files that maps are read from; empty if maps are computed."""
        return ""

    def key(self, name: str) -> str:
        """Hash of everything from which a picture's map is made.

        Raises:
            DataError: there is no map of the picture.
        """
        return self.dataset.image_hashes[name]

    def make(self, name: str, allow_truncated: bool) -> Tensor:
        """A picture's map, (1, H, W) in [0, 1] with maximum 1.

        Raises:
            DataError: the picture cannot be decoded, or there is no map of it.
            ScoreError: the provider returned an invalid map.
        """
        import torch

        pixels = torch.from_numpy(self.pixels(name, allow_truncated)).permute(2, 0, 1)
        return self._compute(pixels.float().div_(255))

    def pixels(self, name: str, allow_truncated: bool) -> NDArray[np.uint8]:
        """The decoded picture, (H, W, 3)."""
        content_hash = self.dataset.image_hashes[name]
        return cached(self.dataset.path(name), content_hash, allow_truncated).pixels

    @cached_property
    def _compute(self) -> Callable[[Tensor], Tensor]:
        return computing(self.provider)


class Reader(Maker):
    """Reads maps that a data set ships, or that lie in a folder."""

    @property
    def files(self) -> str:
        """Hash of all files that maps are read from."""
        return text_digest([f"{name}\t{key}" for name, key in sorted(self._keys.items())])

    def key(self, name: str) -> str:
        """See :meth:`Maker.key`."""
        if name not in self._keys:
            raise DataError(
                f"'{self.provider.card.name}' has no saliency map of {name}",
                "it is a pristine picture, for which no map is needed to train",
            )
        return self._keys[name]

    def make(self, name: str, allow_truncated: bool) -> Tensor:
        """See :meth:`Maker.make`."""
        import torch

        size = self.pixels(name, allow_truncated).shape[:2]
        found = self._reader.load(self._row(name), self.dataset.root, size)
        return checked(torch.from_numpy(found)[None, None], self.provider, size)[0]

    @cached_property
    def _reader(self) -> Any:
        return self.provider.build()

    @cached_property
    def _rows(self) -> Mapping[str, Mapping[str, Any]]:
        """The cells with a value of each image's row."""
        table = self.dataset.table
        columns = [str(column) for column in table]
        found = {}
        for image, known, cells in zip(
            table["image"], table.notna().to_numpy(), table.to_numpy(), strict=True
        ):
            row = zip(columns, known, cells, strict=True)
            found[image] = {column: cell for column, there, cell in row if there}
        return found

    def _row(self, name: str) -> Mapping[str, Any]:
        return self._rows.get(name, {"image": name})

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        """Hash of the picture and of its map's files, for every picture that has a map.

        Every image must have a map; pristine pictures may have none.
        """
        sources: dict[str, Sequence[Path]] = {}
        lacking: list[tuple[str, DataError]] = []
        for name in self.dataset.image_hashes:
            try:
                sources[name] = self._reader.sources(self._row(name), self.dataset.root)
            except DataError as error:
                if name in self._rows:
                    lacking.append((name, error))
        if lacking:
            raise DataError(
                f"data set '{self.dataset.name}': {len(lacking)} of {len(self._rows)} images have "
                f"no saliency map by '{self.provider.card.name}', first {lacking[0][0]}: "
                f"{lacking[0][1].message}",
                lacking[0][1].hint or "--saliency NAME of a provider that computes them",
            )
        files = sorted({file for found in sources.values() for file in found})
        hashes = dict(zip(files, file_hashes(files), strict=True))
        return {
            name: text_digest([self.dataset.image_hashes[name], *(hashes[file] for file in found)])
            for name, found in sources.items()
        }


class Permuter(Maker):
    """Gives each picture the map of a picture of another content, resized."""

    def __init__(
        self,
        provider: Provider,
        dataset: Dataset,
        inner: Maker,
        read: Callable[[str, bool], NDArray[np.float16]],
    ) -> None:
        super().__init__(provider, dataset)
        self._inner = inner
        self._read = read
        self._partners = partners(dataset, getattr(provider.options, "seed", 0))

    @property
    def files(self) -> str:
        """Hash of all files that the permuted maps are read from."""
        return self._inner.files

    def key(self, name: str) -> str:
        """See :meth:`Maker.key`."""
        return text_digest([super().key(name), self._inner.key(self._partners[name])])

    def make(self, name: str, allow_truncated: bool) -> Tensor:
        """See :meth:`Maker.make`."""
        import torch

        from iqabench.kit.saliency import peak_at_one

        height, width = self.pixels(name, allow_truncated).shape[:2]
        other = torch.from_numpy(self._read(self._partners[name], allow_truncated))
        return peak_at_one(other[None, None].float(), (height, width))[0]
