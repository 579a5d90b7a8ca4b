"""What an exported network's file says besides the graph: all that scoring needs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import ValidationError

from iqabench.contract.cards import Calibration, Direction, Frozen, Recipe
from iqabench.contract.errors import WeightsError

PREFIX = "iqabench."
"""Begins the keys of the file's metadata."""
IMAGES, SCORES, ERRORS, MAP = "images", "scores", "errors", "map_"
"""Names of the graph's input and of its outputs; the last is the beginning of the names of maps."""


class OnnxFacts(Frozen):
    """The metadata of an exported network.

    The graph takes ``images``, (B, 3, H, W) float32 RGB in [0, 1], and normalises them itself. Its
    output ``scores``, (B,), is on the network's own scale: ``low + score * (high - low)`` has the
    units of the labels. A picture's score is the mean or median, as ``recipe.pool`` says, over the
    crops that ``recipe`` describes.
    """

    format: int = 1
    name: str
    """The model."""
    direction: Direction
    recipe: Recipe
    """Its ``resize_short``, ``crop``, ``test_crops``, ``test_crop_kind`` and ``pool`` count."""
    low: float
    """The score that the network's 0 stands for."""
    high: float
    """The score that the network's 1 stands for."""
    sha256: str
    """Of the weights file."""
    maps: tuple[str, ...] = ()
    """Names of the predicted maps; the output of each is ``map_NAME``, (B, 1, H, W)."""
    any_size: bool = True
    """Whether maps are predicted of whole pictures of any size, not of crops alone."""
    errors: bool = False
    """Whether there is an output ``errors``, (B,): how far off each score is expected to be."""
    calibration: Calibration | None = None
    """What the scores mean to people; None if that was not measured."""
    made_by: str
    """The release of iqabench that wrote the file."""

    def metadata(self) -> dict[str, str]:
        """The facts as the file keeps them: each value as JSON."""
        return {
            PREFIX + key: json.dumps(value) for key, value in self.model_dump(mode="json").items()
        }

    @classmethod
    def of(cls, metadata: Mapping[str, str], file: str) -> OnnxFacts:
        """The facts in a file's metadata.

        Raises:
            WeightsError: it has none, or not those of this release.
        """
        found = {
            key.removeprefix(PREFIX): value
            for key, value in metadata.items()
            if key.startswith(PREFIX)
        }
        try:
            return cls.model_validate({key: json.loads(value) for key, value in found.items()})
        except (ValidationError, ValueError) as error:
            what = "no network that this release exported" if found else "not exported by iqabench"
            raise WeightsError(f"{file} is {what}", "`iqabench export MODEL -o FILE`") from error
