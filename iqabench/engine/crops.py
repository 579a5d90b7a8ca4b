"""Crops of pictures, at training and at test time. Only the engine makes crops.

Each training crop has a generator of its own, seeded by the job's seed, the epoch and the crop's
number. So no choice depends on the choices for other crops: an interrupted training resumes with
the same crops, and the number of workers changes nothing. Random test crops are seeded by the job's
seed and the hash of the picture's file, never by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iqabench.contract.cards import Recipe
from iqabench.contract.errors import DataError
from iqabench.data.picture_cache import seen
from iqabench.data.tables import Dataset
from iqabench.data.tensors import picture_tensor, planes_of, resized
from iqabench.engine.ahead import Ahead
from iqabench.engine.crop_places import corners, fitted_size
from iqabench.saliency.maps import MapSource

ORDER, CROP = 1, 2
"""Last entries of the generators' keys, so that order and crops draw different numbers."""
SHIFT_SHARE = 8
"""The shift augmentation moves a crop by at most 1/8 of its side."""


def map_tensor(
    dataset: Dataset, name: str, maps: MapSource, allow_truncated: bool = False
) -> Tensor:
    """A saliency map, (1, H, W) float16 in [0, 1], memory-mapped from the cache."""
    return torch.from_numpy(maps.read(dataset, name, allow_truncated))[None]


def normalise(images: Tensor, recipe: Recipe) -> Tensor:
    """Normalise float32 RGB in [0, 1], (..., 3, h, w), by the recipe's mean and std."""
    mean = images.new_tensor(recipe.mean).view(3, 1, 1)
    std = images.new_tensor(recipe.std).view(3, 1, 1)
    return (images - mean).div_(std)


def fitted(image: Tensor, recipe: Recipe) -> Tensor:
    """Resize a (C, H, W) float image as the recipe says; enlarge it if a crop would not fit."""
    size = fitted_size(image.shape[-2], image.shape[-1], recipe)
    if size == tuple(image.shape[-2:]):
        return image
    return resized(image, size)


def check_sizes(dataset: Dataset, names: Iterable[str], recipe: Recipe, truncated: bool) -> None:
    """Check that each picture can be brought to the recipe's size.

    Raises:
        DataError: a picture cannot, or cannot be decoded; the message names it.
    """
    for name in names:
        known = seen(dataset.path(name), dataset.image_hashes[name], truncated)
        try:
            fitted_size(*known.size, recipe)
        except DataError as error:
            raise DataError(f"{name}: {error.message}", error.hint) from error


def test_views(image: Tensor, recipe: Recipe, key: Sequence[int] = (0,)) -> Tensor:
    """The test-time crops of a picture.

    Args:
        image: (C, H, W) float in [0, 1].
        recipe: gives the resizing, ``crop``, ``test_crops`` and ``test_crop_kind``.
        key: seeds random crops.

    Returns:
        (n, C, h, w), not normalised; one whole picture if the recipe does not crop.
    """
    image = fitted(image, recipe)
    places = corners((image.shape[-2], image.shape[-1]), recipe, key)
    if places is None or recipe.crop is None:
        return image[None]
    height, width = recipe.crop
    return torch.stack([image[:, y : y + height, x : x + width] for y, x in places])


PATCH = 64
"""Pixels of a side up to which a network takes less time for a crop than decoding takes for its
picture, of which an epoch wants many crops."""
Item = tuple[int, int]
"""(epoch, number of the crop within it)"""


@dataclass(frozen=True)
class TrainingCrops(torch.utils.data.Dataset[tuple[Tensor, ...]]):
    """Random, augmented crops of a data set's training part.

    Crop ``i`` of an epoch shows picture ``i % N`` of the N pictures.
    """

    dataset: Dataset
    names: list[str]
    quality: NDArray[np.float32]
    recipe: Recipe
    maps: MapSource | None
    seed: int
    allow_truncated: bool = False

    @cached_property
    def ahead(self) -> Ahead[Item, tuple[Tensor, ...]]:
        """Makes the crops; :class:`EpochOrder` tells it the order."""
        return Ahead(self._made)

    def __len__(self) -> int:
        return len(self.names) * self.recipe.train_crops

    def __getitem__(self, item: Item) -> tuple[Tensor, ...]:
        """(image, quality, saliency, index); saliency is empty where there are no maps."""
        return self.ahead(item)

    def _made(self, item: Item) -> tuple[Tensor, ...]:
        epoch, number = item
        index = number % len(self.names)
        random = np.random.default_rng([self.seed, epoch, number, CROP])
        planes = augmented(self._crop(self.names[index], random), self.recipe, random)
        image = normalise(planes[:3], self.recipe)
        return image, torch.tensor(self.quality[index]), planes[3:], torch.tensor(index)

    def _crop(self, name: str, random: np.random.Generator) -> Tensor:
        often = self.recipe.crop is not None and max(self.recipe.crop) <= PATCH
        picture = picture_tensor(self.dataset, name, self.allow_truncated, often=often)
        saliency = None
        if self.maps is not None:
            saliency = map_tensor(self.dataset, name, self.maps, self.allow_truncated)
        size = fitted_size(picture.shape[-2], picture.shape[-1], self.recipe)
        window = random_window(size, self.recipe, random)
        if size != tuple(picture.shape[-2:]):
            return fitted(planes_of(picture, saliency), self.recipe)[window]
        # Copied while it is uint8, since float32 takes four times as much memory.
        crop = picture[window].contiguous()
        return planes_of(crop, None if saliency is None else saliency[window])


class EpochOrder(torch.utils.data.Sampler[Item]):
    """All crops of an epoch in an order that seed and epoch decide."""

    def __init__(self, crops: TrainingCrops, first_epoch: int = 0) -> None:
        self.crops = crops
        self.first_epoch = first_epoch
        self.epoch = first_epoch

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each."""
        self.epoch = self.first_epoch + epoch

    def __len__(self) -> int:
        return len(self.crops)

    def __iter__(self) -> Iterator[Item]:
        random = np.random.default_rng([self.crops.seed, self.epoch, ORDER])
        items = [(self.epoch, number) for number in random.permutation(len(self)).tolist()]
        self.crops.ahead.follow(items)
        yield from items


def random_window(
    size: tuple[int, int], recipe: Recipe, random: np.random.Generator
) -> tuple[slice, ...]:
    """Indices of a crop of the recipe's size at a random place; of all if it does not crop."""
    if recipe.crop is None:
        return (slice(None),)
    starts = [
        int(random.integers(side - crop + 1)) for side, crop in zip(size, recipe.crop, strict=True)
    ]
    return (
        slice(None),
        *(slice(start, start + crop) for start, crop in zip(starts, recipe.crop, strict=True)),
    )


def augmented(planes: Tensor, recipe: Recipe, random: np.random.Generator) -> Tensor:
    """Image and map planes, both changed in the same way by the recipe's augmentations."""
    if "hflip" in recipe.augment and random.random() < 0.5:
        planes = planes.flip(-1)
    if "vflip" in recipe.augment and random.random() < 0.5:
        planes = planes.flip(-2)
    if "rot90" in recipe.augment:
        square = planes.shape[-1] == planes.shape[-2]
        turns = int(random.integers(4)) if square else 2 * int(random.integers(2))
        planes = planes.rot90(turns, (-2, -1))
    if "shift" in recipe.augment:
        planes = _shifted(planes, random)
    return planes.contiguous()


def _shifted(planes: Tensor, random: np.random.Generator) -> Tensor:
    room = [side // SHIFT_SHARE for side in planes.shape[-2:]]
    dy, dx = (int(random.integers(-most, most + 1)) for most in room)
    y = (torch.arange(planes.shape[-2]) + dy).clamp(0, planes.shape[-2] - 1)
    x = (torch.arange(planes.shape[-1]) + dx).clamp(0, planes.shape[-1] - 1)
    return planes[:, y][:, :, x]
