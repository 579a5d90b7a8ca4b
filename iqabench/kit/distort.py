"""The 25 distortions of KADID-10k, at the five published levels and at any level between them.

Lin, Hosu, Saupe, "KADID-10k: a large-scale artificially distorted IQA database", QoMEX 2019.
The parameters are those of the authors' public generator, which is written in MATLAB; where a
detail of it could not be confirmed, a comment says so. One difference is intended: the
generator stretches every result to the full range of values, which adds a change of contrast
to a blur and undoes most of a mean shift. Here, results are clipped instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.kit.distortions import (
    color,
    compression,
    noise,
    quantize,
    sharpness,
    spatial,
    tone,
)
from iqabench.kit.distortions.image import FloatImage, from_uint8, to_uint8

MIN_SIDE = 16


@dataclass(frozen=True)
class Distortion:
    """One of KADID-10k's types of distortion.

    `levels` are the published parameters of levels 1 to 5, in the unit that `apply` documents.
    `apply(image, parameter, rng)` takes float64 RGB in [0, 1], (H, W, 3), and returns the same
    shape, not clipped. `monotone` is False if a higher level does not always mean more damage.
    """

    id: int
    name: str
    slug: str
    levels: tuple[float, ...]
    apply: Callable[[FloatImage, float, np.random.Generator], FloatImage]
    monotone: bool

    def parameter(self, level: float) -> float:
        """The parameter at `level`, 1 to 5, as published where `level` is whole.

        In between it is interpolated: geometrically where all five are positive, else linearly.
        Raises UsageError outside 1..5.
        """
        if isinstance(level, bool) or not isinstance(level, Real) or not 1 <= level <= 5:
            raise UsageError(
                f"no level {level!r} of {self.slug}",
                hint="levels are numbers from 1 (weakest) to 5 (strongest)",
            )
        if level == int(level):
            return self.levels[int(level) - 1]
        if min(self.levels) > 0:
            return float(np.exp(np.interp(level, range(1, 6), np.log(self.levels))))
        return float(np.interp(level, range(1, 6), self.levels))


def _slug(name: str) -> str:
    """ "Color saturation 1 (HSV)" -> "color-saturation-1"."""
    return re.sub(r"[\s_-]+", "-", re.sub(r"\(.*\)", "", name).strip()).lower()


def _type(
    number: int,
    name: str,
    levels: tuple[float, ...],
    apply: Callable[[FloatImage, float, np.random.Generator], FloatImage],
    *,
    monotone: bool = True,
) -> Distortion:
    return Distortion(number, name, _slug(name), levels, apply, monotone)


DISTORTIONS: tuple[Distortion, ...] = (
    _type(1, "gaussian blur", (0.1, 0.5, 1, 2, 5), sharpness.gaussian_blur),
    _type(2, "lens blur", (1, 2, 4, 6, 8), sharpness.lens_blur),
    _type(3, "motion blur", (1, 2, 4, 6, 10), sharpness.motion_blur),
    _type(4, "color diffusion", (1, 3, 6, 8, 12), color.color_diffusion),
    # Opinion scores of KADID-10k are flat from level 3 on.
    _type(5, "color shift", (1, 3, 6, 8, 12), color.color_shift, monotone=False),
    _type(6, "color quantization", (64, 48, 32, 16, 8), quantize.color_quantization),
    _type(7, "color saturation 1 (HSV)", (0.4, 0.2, 0.1, 0, -0.4), color.color_saturation_hsv),
    _type(8, "color saturation 2 (Lab)", (1, 2, 3, 6, 9), color.color_saturation_lab),
    _type(9, "JPEG2000", (16, 32, 45, 120, 400), compression.jpeg2000),
    _type(10, "JPEG", (43, 36, 24, 7, 4), compression.jpeg),
    _type(11, "white noise", (0.001, 0.002, 0.003, 0.005, 0.01), noise.white_noise),
    _type(
        12,
        "white noise in color component",
        (0.0001, 0.0005, 0.001, 0.002, 0.003),
        noise.color_component_noise,
    ),
    _type(13, "impulse noise", (0.001, 0.005, 0.01, 0.02, 0.03), noise.impulse_noise),
    _type(14, "multiplicative noise", (0.001, 0.005, 0.01, 0.02, 0.05), noise.multiplicative_noise),
    _type(15, "denoise", (0.01, 0.03, 0.05, 0.1, 0.15), noise.denoise),
    _type(16, "brighten", (0.1, 0.2, 0.4, 0.7, 1.1), tone.brighten),
    _type(17, "darken", (0.05, 0.1, 0.2, 0.4, 0.8), tone.darken),
    _type(18, "mean shift", (0.15, 0.08, 0, -0.08, -0.15), tone.mean_shift, monotone=False),
    _type(19, "jitter", (0.05, 0.1, 0.2, 0.5, 1), spatial.jitter),
    _type(20, "non-eccentricity patch", (20, 40, 60, 80, 100), spatial.non_eccentricity_patch),
    _type(21, "pixelate", (0.01, 0.05, 0.1, 0.2, 0.5), spatial.pixelate),
    _type(22, "quantization", (20, 16, 13, 10, 7), quantize.quantization),
    _type(23, "color block", (2, 4, 6, 8, 10), spatial.color_block),
    _type(24, "high sharpen", (1, 2, 3, 6, 12), sharpness.high_sharpen),
    _type(25, "contrast change", (0.3, 0.15, 0, -0.4, -0.6), tone.contrast_change, monotone=False),
)


def find(name: str | int) -> Distortion:
    """The distortion with this id (1 to 25), slug or name; case and spacing do not matter.

    Raises UsageError if there is no such distortion; its hint gives similar names.
    """
    wanted = str(name).strip()
    if wanted.lstrip("-").isdecimal():
        number = int(wanted)
        if not 1 <= number <= len(DISTORTIONS):
            raise UsageError(
                f"no distortion {number}", hint=f"ids run from 1 to {len(DISTORTIONS)}"
            )
        return DISTORTIONS[number - 1]
    by_slug = {distortion.slug: distortion for distortion in DISTORTIONS}
    if _slug(wanted) not in by_slug:
        raise UnknownNameError("distortion", wanted, by_slug)
    return by_slug[_slug(wanted)]


def distort(
    image: npt.NDArray[np.uint8], kind: str | int, level: float, *, seed: int = 0
) -> npt.NDArray[np.uint8]:
    """The picture, distorted; same shape and dtype.

    `image` is uint8 RGB, (H, W, 3), at least 16 x 16. `kind` is anything `find` understands,
    `level` runs from 1 to 5 and may be fractional (see `Distortion.parameter`; a parameter that
    must be whole is rounded). Random choices depend only on `seed` (not negative) and on the
    type of distortion: another level has the same noise, patches or direction at another
    strength. Raises UsageError for any other image, kind, level or seed.
    """
    distortion = find(kind)
    parameter = distortion.parameter(level)
    _check(image, seed)
    rng = np.random.Generator(np.random.PCG64([seed, distortion.id]))
    return to_uint8(distortion.apply(from_uint8(image), parameter, rng))


def _check(image: object, seed: object) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        found = getattr(image, "dtype", type(image).__name__)
        raise UsageError(f"an image to distort is a uint8 array, not {found}")
    if image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < MIN_SIDE:
        raise UsageError(
            f"cannot distort an array of shape {image.shape}",
            hint=f"RGB pictures are (H, W, 3), both sides at least {MIN_SIDE}",
        )
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(f"no seed {seed!r}", hint="seeds are whole numbers from 0 on")
