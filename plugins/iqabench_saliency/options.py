"""Options of the providers. Imports no numerical library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, DirectoryPath, Field, PositiveFloat

from iqabench.kit.fixations import TRUTH_SIGMA
from iqabench.kit.places import weights_dir


def _here_or_among_weights(path: Path) -> Path:
    for place in (path, weights_dir() / path):
        if place.is_file():
            return place
    raise ValueError(f"no such file, here or in {weights_dir()}")


WeightsFile = Annotated[Path, AfterValidator(_here_or_among_weights)]
"""A path, or the name of a file in the weights folder."""


class Options(BaseModel):
    """What all options have in common."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True
    )


class GroundtruthOptions(Options):
    """How fixations become a map, where a set ships them and no maps."""

    sigma: PositiveFloat = TRUTH_SIGMA
    """Standard deviation of the blur, as a share of the picture's shorter side."""
    pixels_per_degree: PositiveFloat | None = None
    """Where given, the blur's standard deviation is one degree of visual angle."""


class CenterOptions(Options):
    """How wide the Gaussian is."""

    sigma: PositiveFloat = 0.19
    """Standard deviation as a share of each side; docs/saliency.md says whence the default."""


class ShuffledOptions(Options):
    """Which maps are permuted, and how."""

    of: str = "spectral-residual"
    """A provider with its options."""
    seed: int = Field(0, ge=0)
    """Decides who gets whose map."""


class TranSalNetOptions(Options):
    """Where the weights lie and how pictures are shown."""

    file: WeightsFile = Path("TranSalNet_Res.pth")
    """The authors' state dict, with ResNet-50 or DenseNet-161: its tensors tell which."""
    channels: Literal["rgb", "bgr"] = "rgb"
    """Order of the colours: the authors train with RGB and test with BGR."""


class OnnxOptions(Options):
    """A network in a file, and what it wants to see."""

    file: WeightsFile
    height: int = Field(ge=1, le=4096)
    """Pixels to which pictures are resized."""
    width: int = Field(ge=1, le=4096)
    channels: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    white: PositiveFloat = 1.0
    """What the network knows as white: 1 or 255."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Subtracted, in the network's range and order of colours, before ``std`` divides."""
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (1.0, 1.0, 1.0)
    output: Literal["map", "log"] = "map"
    """``log``: the network's output is a map's logarithm."""


class FolderOptions(Options):
    """Where maps lie."""

    root: DirectoryPath
