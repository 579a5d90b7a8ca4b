"""Types 9 and 10: JPEG 2000 and JPEG."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from iqabench.kit.distortions.image import FloatImage, from_uint8, to_uint8


def jpeg2000(image: FloatImage, ratio: float, _rng: np.random.Generator) -> FloatImage:
    """Type 9; `ratio` is the compression ratio."""
    # MATLAB writes lossy files with the irreversible wavelet and colour transforms.
    return _through_codec(
        image, "JPEG2000", quality_mode="rates", quality_layers=[ratio], irreversible=True, mct=1
    )


def jpeg(image: FloatImage, quality: float, _rng: np.random.Generator) -> FloatImage:
    """Type 10; `quality` as in libjpeg, 1..100, chroma at half the resolution."""
    return _through_codec(image, "JPEG", quality=round(quality))


def _through_codec(image: FloatImage, codec: str, **options: Any) -> FloatImage:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(to_uint8(image)).save(buffer, codec, **options)
    with Image.open(buffer) as decoded:
        return from_uint8(np.asarray(decoded))
