"""The weights that ship: biosiqnet-lite, taught by people's scores and by known damage.

training/lite makes them; docs/models/biosiqnet-lite.md says from what, and how good they are.
"""

from __future__ import annotations

from iqabench.contract import Calibration, WeightsCard

BANDS = (("bad", 0.0), ("poor", 20.0), ("fair", 40.0), ("good", 60.0), ("excellent", 80.0))
"""Observers chose between five grades. Each has a fifth of the scale and the name that it has in
ITU-R BT.500."""
SHIPPED = WeightsCard(
    name="biosiqnet-lite-people",
    filename="biosiqnet-lite.safetensors",
    package="biosiqnet_plugin:weights/biosiqnet-lite.safetensors",
    sha256="683583b8958622c8adc8344b6c52e8074ec3639f26ae6bf647251970ad0f9cb4",
    size=10_585_594,
    licence="Apache-2.0; of the data: docs/models/biosiqnet-lite.md",
    trained_on=("imagenet-1k", "biq2021", "kadid", "scene-saliency"),
    options={
        "encoder": "efficientnet-lite0",
        "head": "statistics",
        "taps": "layers",
        "half_view": True,
        "expected_error": True,
        "hidden": 128,
        "fusion_start": 0.0,
        "map_start": 0.0,
        "dropout": 0.5,
    },
    recipe={"test_crop_kind": "whole", "max_pixels": 512 * 512},
    calibration=Calibration(
        bands=BANDS,
        lowest=0.0,
        highest=100.0,
        by="expected error",
        errors=(
            (3.55, 10.3),
            (5.79, 10.3),
            (6.92, 12.8),
            (8.43, 22.9),
            (9.93, 26.1),
            (11.8, 26.4),
            (13.8, 26.4),
        ),
    ),
)
