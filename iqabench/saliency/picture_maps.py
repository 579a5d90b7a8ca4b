"""Saliency maps of pictures that belong to no data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import IqabenchError
from iqabench.data.decoding import decode
from iqabench.registry import Provider
from iqabench.saliency.providers import computing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def picture_maps(
    provider: Provider, paths: Sequence[Path]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]] | IqabenchError]:
    """For each picture, its pixels, (H, W, 3), and its map, (H, W); or the error that occurred.

    Raises:
        UsageError: the provider needs a data set.
    """
    import torch

    from iqabench.data.tensors import planes_of

    map_of = computing(provider)
    for path in paths:
        try:
            picture = decode(path).pixels
            planes = planes_of(torch.from_numpy(picture).permute(2, 0, 1))
            yield picture, map_of(planes)[0].numpy()
        except IqabenchError as error:
            yield error
