"""A full-reference proxy for human quality scores, for sets that nobody has rated.

It is the mean of two measures of the piq package that need no weights: HaarPSI (Reisenhofer et al.,
2018) and 1 - MDSI (Nafchi et al., 2016), each in about [0, 1] and 1 for equal pictures. It does not
replace people's scores and is never called MOS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROXY = "100 x mean of HaarPSI and 1 - MDSI (piq)"


def proxy_quality(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Proxy quality of a distorted picture, 100 if it equals its reference.

    Args:
        image: (H, W, 3) uint8 RGB.
        reference: the pristine picture, of the same size.
    """
    import piq
    import torch

    # In double precision, so that the fourth decimal does not depend on the number of threads.
    first, second = (
        torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].double() / 255
        for picture in (image, reference)
    )
    with torch.inference_mode():
        mean = (piq.haarpsi(first, second) + 1 - piq.mdsi(first, second)) / 2
    return min(100.0, 100 * float(mean))
