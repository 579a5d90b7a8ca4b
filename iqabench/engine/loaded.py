"""A network as a differentiable measure of quality: pictures in, scores out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from iqabench.contract.errors import UsageError
from iqabench.engine.crops import normalise, test_views
from iqabench.engine.kinds.trainable import loaded_network
from iqabench.engine.model_weights import chosen_weights, needed
from iqabench.protocols.requests import ModelRequest
from iqabench.store import Store


class Loaded(nn.Module):
    """A network that scores whole pictures as ``iqabench score`` does.

    It is in evaluation mode and its weights take no gradients; those of the scores reach the
    pictures, so that it can be (a part of) a loss: ``-model(pictures).mean()`` where higher is
    better. Random test crops are drawn by the seed alone, the same for every picture.
    """

    def __init__(self, request: ModelRequest, store: Store) -> None:
        """Build the network and load its weights.

        Raises:
            UsageError: the model is no network, or needs saliency maps.
            WeightsError: the weights cannot be obtained.
        """
        super().__init__()
        if not request.kind.has_recipe or request.card.saliency == "input":
            why = "needs saliency maps" if request.kind.has_recipe else "is no network"
            raise UsageError(f"'{request.label}' {why}", "iqabench.score scores pictures with it")
        self.name, self.direction = request.card.name, str(request.direction)
        """The model's name, and whether ``higher`` or ``lower`` scores are better."""
        self.recipe = request.recipe
        network, self._scale = loaded_network(request, needed(chosen_weights(request, store)))
        self.network: Any = network.requires_grad_(False).to(request.device)
        self.eval()

    def train(self, mode: bool = True) -> Loaded:
        """Stay in evaluation mode: a measure does not change, whatever it is a part of."""
        return super().train(False)

    def forward(self, images: Tensor) -> Tensor:
        """Scores of RGB pictures in [0, 1], (B, 3, H, W) -> (B,), in the units of ``score``.

        Raises:
            UsageError: the pictures have another shape.
            DataError: they are too narrow for the network's crops.
        """
        if images.ndim != 4 or images.shape[1] != 3 or not len(images):
            raise UsageError(f"the shape is {tuple(images.shape)}", "give (B, 3, H, W) in [0, 1]")
        views = [test_views(image.float(), self.recipe) for image in images]
        scores = self.network(normalise(torch.cat(views), self.recipe)).float()
        crops = scores.view(len(images), -1)
        pooled = crops.mean(1) if self.recipe.pool == "mean" else crops.quantile(0.5, 1)
        found: Tensor = self._scale.up(pooled)
        return found
