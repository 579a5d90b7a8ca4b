"""Saliency maps of single pictures, whether a data set has them or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import DataError, IqabenchError, UsageError
from iqabench.data.decoding import decode
from iqabench.data.tables import Dataset
from iqabench.registry import Provider
from iqabench.saliency.maps import MapSource
from iqabench.saliency.providers import computing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

Place = tuple[Dataset, str]
"""A data set, and a picture's name in it."""
Find = Callable[[Path], Place]
"""Finds the data set that holds a picture; raises an IqabenchError if there is none."""
MapOf = Callable[[Path, "Tensor"], "Tensor"]
"""The map of the picture at a path, whose pixels are (3, H, W) in [0, 1] -> (1, H, W)."""


def map_of(provider: Provider, find: Find) -> MapOf:
    """A function that gives a picture's map: computed of its pixels, or that of its data set.

    Args:
        provider: one of any kind.
        find: is asked where maps are read from files or permuted.
    """
    if provider.card.kind == "computed":
        compute = computing(provider)
        return lambda path, image: compute(image)
    source = MapSource(provider)

    def read(path: Path, image: Tensor) -> Tensor:
        import torch

        try:
            place = find(path)
        except UsageError as nowhere:
            return _loose(provider, path, image, nowhere)
        return torch.from_numpy(source.read(*place))[None].float()

    return read


def _loose(provider: Provider, path: Path, image: Tensor, nowhere: UsageError) -> Tensor:
    """The map that a provider has of a picture of no data set, by the picture's name alone.

    Raises:
        UsageError: the provider asks a data set for its maps.
        DataError: the provider has no map of that name.
    """
    import torch

    if provider.card.kind != "read":
        raise nowhere
    try:
        height, width = image.shape[-2:]
        found = provider.build().load({"image": path.name}, path.parent, (height, width))
    except DataError as error:
        raise DataError(f"{nowhere.message} ({error.message})", nowhere.hint) from error
    return torch.from_numpy(found)[None].float()


def picture_maps(
    provider: Provider, paths: Sequence[Path], find: Find
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]] | IqabenchError]:
    """For each picture, its pixels, (H, W, 3), and its map, (H, W); or the error that occurred.

    Arguments as for :func:`map_of`.
    """
    import torch

    from iqabench.data.tensors import planes_of

    made = map_of(provider, find)
    for path in paths:
        try:
            picture = decode(path).pixels
            planes = planes_of(torch.from_numpy(picture).permute(2, 0, 1))
            yield picture, made(path, planes)[0].numpy()
        except IqabenchError as error:
            yield error
