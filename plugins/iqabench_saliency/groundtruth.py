"""Where people looked, as a data set ships it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import DataError
from iqabench.kit.fixations import blurred, read_fixations
from iqabench_saliency.files import read_map
from iqabench_saliency.options import GroundtruthOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Groundtruth:
    """A set's saliency map of a picture or, without one, its fixations blurred by a Gaussian."""

    def __init__(self, options: GroundtruthOptions) -> None:
        self.options = options

    def sources(self, row: Mapping[str, Any], root: Path) -> Sequence[Path]:
        """The picture's map, else its file of fixations.

        Raises:
            DataError: the set ships neither.
        """
        for column in ("saliency", "fixations"):
            if column in row:
                return [root / row[column]]
        raise DataError(
            "the set ships neither a map nor fixations",
            "--saliency NAME of a provider that computes them, such as spectral-residual",
        )

    def load(
        self, row: Mapping[str, Any], root: Path, size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """A picture's map, (H, W) in [0, 1] with maximum 1.

        Raises:
            DataError: the file holds no map, or no fixation inside the picture.
        """
        (path,) = self.sources(row, root)
        if "saliency" in row:
            return read_map(path, size)
        sigma = self.options.pixels_per_degree or self.options.sigma * min(size)
        found = blurred(read_fixations(path, row["image"]), size, sigma)
        if not found.any():
            raise DataError(
                f"{path.name} has no fixation inside {row['image']}",
                "y and x are pixels of the picture",
            )
        return found
