"""How far a part's numbers may lie from the recorded ones, as a share of an array's largest.

Beside each stands the measured spread: how far they lie apart with the kernels of older processors
and with one or two threads (``spread.py``). A tolerance is at least ten times that, since there are
more machines than were measured, and at least 1e-5. That 1% of one constant moves the numbers
further is what ``changes.py`` shows.
"""

from __future__ import annotations

TOLERANCES: dict[str, float] = {
    "decoding": 1e-5,  # 0
    "crops": 1e-5,  # 2.5e-7
    "training": 2e-5,  # 7.3e-7
    "pooling": 1e-5,  # 9.1e-8
    "permutation": 1e-5,  # 0
    "kit": 5e-5,  # 1.4e-6
    "biosiqnet": 1e-5,  # 2.5e-7
    "biosiqnet-vgg19": 1e-5,  # 5.0e-7
    "biosiqnet-lite": 2e-5,  # 6.2e-7
    "sds-iqa": 5e-5,  # 1.1e-6
    "sgdnet": 1e-4,  # 4.7e-6
    "tiqa": 5e-5,  # 1.3e-6
    "dor-iqa": 1e-5,  # 1.9e-7
    "maniqa": 2e-5,  # 9.5e-7
    "dbcnn": 5e-5,  # 1.4e-6
    "hyperiqa": 2e-5,  # 6.1e-7
    "tres": 1e-4,  # 5.6e-6
    "cnniqa": 2e-5,  # 6.8e-7
    "wadiqam": 5e-5,  # 1.6e-6
    "entropy": 2e-4,  # 1.6e-5
    "brisque": 1e-5,  # 0
    "niqe": 1e-5,  # 0
    "piqe": 1e-5,  # 0
    "lite0-ridge": 2e-4,
    "center": 1e-5,  # 0
    "uniform": 1e-5,  # 0
    "spectral-residual": 5e-5,  # 2.0e-6
    "itti-koch": 1e-5,  # 1.9e-7
    "groundtruth": 1e-5,  # 0
    "folder": 1e-5,  # 7.3e-8
    "readout": 2e-4,  # 1.1e-5
    "transalnet": 1e-5,  # 1.7e-7
    "onnx": 1e-5,  # 7.6e-8
}
