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
    sha256="e51071eaf97fe5b05798957a9ece88a9772643b3e9f61e7d3f68c7b06f79a6c7",
    size=11_810_752,
    licence="Apache-2.0; of the data: docs/models/biosiqnet-lite.md",
    trained_on=("imagenet-1k", "biq2021", "kadid", "scene-saliency"),
    options={
        "encoder": "efficientnet-lite2",
        "head": "statistics",
        "taps": "layers",
        "half_view": True,
        "hidden": 48,
        "fusion_start": 0.0,
        "map_start": 0.0,
        "dropout": 0.5,
    },
    recipe={"test_crop_kind": "whole", "max_pixels": 512 * 512},
    calibration=Calibration(
        bands=BANDS,
        lowest=0.0,
        highest=100.0,
        errors=((50.3, 26.7), (62.7, 20.7), (69.0, 15.1), (74.6, 10.2), (80.5, 7.2)),
    ),
)
