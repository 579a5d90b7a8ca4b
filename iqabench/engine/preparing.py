"""Lets a network begin from a fit in closed form, before its first stage of training."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from iqabench.contract.models import Batch
from iqabench.engine import checkpoints, history
from iqabench.engine.ahead import made_ahead
from iqabench.engine.crops import normalise, test_views
from iqabench.engine.predictions import dataset_planes
from iqabench.engine.training_module import Course, as_batch
from iqabench.store.folder import PREPARED


def prepare(course: Course) -> None:
    """Call the network's ``prepare``, if it has one, before the first stage and only once.

    What the network computed is kept in a file, from which an interrupted fit goes on.
    """
    network = course.network
    kept = course.folder / PREPARED
    if not callable(getattr(network, "prepare", None)) or history.has_begun(course.folder):
        return
    if checkpoints.is_whole(kept):
        checkpoints.load_state(kept, network)
        return
    pictures = _Pictures(course)
    network.to(course.device).eval()
    try:
        with (
            torch.no_grad(),
            torch.autocast(course.device, dtype=torch.bfloat16, enabled=course.precision == "bf16"),
        ):
            network.prepare(pictures)
    finally:
        network.train()
    if pictures.read:
        checkpoints.save_state(kept, checkpoints.plain_state(network))


class _Pictures:
    """The first view of each picture of the training part, one by one, since sizes may differ."""

    def __init__(self, course: Course) -> None:
        self.course = course
        crops = course.crops
        self.planes = dataset_planes(crops.dataset, allow_truncated=crops.allow_truncated)
        self.read = 0

    def __iter__(self) -> Iterator[Batch]:
        course, crops = self.course, self.course.crops
        with made_ahead(self._view, crops.names) as views:
            for index, name in enumerate(crops.names):
                view = views(name)
                parts = (
                    view,
                    torch.tensor(crops.quality[index : index + 1]),
                    view[:, :0],
                    torch.tensor([index]),
                )
                self.read = index + 1
                course.tick(self.read, len(crops.names), "preparing")
                yield as_batch(*(part.to(course.device) for part in parts))

    def _view(self, name: str) -> Tensor:
        recipe, seed = self.course.recipe, self.course.crops.seed
        return normalise(test_views(self.planes(name), recipe, (seed,))[:1], recipe)
