"""Scores loose pictures with a model of any kind, by torch."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from iqabench.data.given import Shown
from iqabench.data.tensors import planes_of, resized
from iqabench.engine.crop_places import map_size
from iqabench.engine.crops import normalise
from iqabench.engine.judges import Plane, Verdict
from iqabench.engine.kinds import adapter
from iqabench.engine.kinds.base import Pictures
from iqabench.engine.model_weights import calibration_of, chosen_weights
from iqabench.protocols.requests import ModelRequest
from iqabench.saliency.providers import computing
from iqabench.store import Store

if TYPE_CHECKING:
    from iqabench.contract.models import Features


class TorchJudge:
    """A requested model; an :class:`iqabench.engine.judges.Judge`."""

    def __init__(self, request: ModelRequest, store: Store) -> None:
        """Build the model and load its weights.

        Raises:
            UsageError: the model needs maps, and its provider needs a data set.
            WeightsError: the weights cannot be obtained.
        """
        self.request = request
        self.label, self.direction = request.label, str(request.direction)
        self.full_reference = request.card.full_reference
        self.calibration = calibration_of(request)
        given = request.saliency if request.card.saliency == "input" else None
        self._map_of = None if given is None else computing(given)
        pictures = self._pictures()
        weights = chosen_weights(request, store)
        self._ready = adapter(request.card).ready(request, weights, pictures, seed=0)

    def _pictures(self) -> Pictures:
        """Access to the pictures in hand, none so far."""
        self._shown: dict[str, Shown] = {}
        self._references: dict[str, str] = {}
        return Pictures(
            self._planes,
            lambda name: self._shown[name].content,
            self._features,
            self._references if self.full_reference else None,
        )

    def twin(self) -> TorchJudge | None:
        """See :meth:`iqabench.engine.judges.Judge.twin`."""
        if self._ready.twin is None or self._map_of is not None:
            return None
        made = copy(self)
        made._ready = self._ready.twin(made._pictures())
        return made

    def score(self, picture: Shown, reference: Shown | None) -> Verdict:
        """See :meth:`iqabench.engine.judges.Judge.score`."""
        self._shown[picture.name] = picture
        if reference is not None:
            self._shown[reference.name] = reference
            self._references[picture.name] = reference.name
        try:
            if self._ready.with_error is not None:
                return Verdict(*self._ready.with_error(picture.name))
            return Verdict(self._ready.score(picture.name))
        finally:
            self._shown.clear()
            self._references.clear()

    def maps(self, picture: Shown) -> dict[str, Plane]:
        """See :meth:`iqabench.engine.judges.Judge.maps`."""
        network, recipe = self._ready.network, self.request.recipe
        if network is None or not hasattr(network, "maps"):
            return {}
        image = self._colours(picture)
        any_size = getattr(network, "takes_any_size", False)
        image = resized(image, map_size(image.shape[1], image.shape[2], recipe, any_size))
        extra = () if self._map_of is None else (self._map_of(image)[None].to(self.request.device),)
        inputs = normalise(image, recipe)[None].to(self.request.device)
        with torch.inference_mode():
            found = network.maps(inputs, *extra)
        return {name: one[0, 0].float().cpu().numpy() for name, one in found.items()}

    def _colours(self, picture: Shown) -> Tensor:
        tensor = torch.from_numpy(picture.pixels).permute(2, 0, 1)
        return planes_of(tensor) if picture.pixels.dtype == np.uint8 else tensor

    def _planes(self, name: str) -> Tensor:
        colours = self._colours(self._shown[name])
        return colours if self._map_of is None else torch.cat([colours, self._map_of(colours)])

    def _features(self, model: Any, name: str) -> Features:
        found: Features = np.asarray(model.features(self._planes(name)[None]))[0]
        return found
