"""MANIQA as implemented in pyiqa; iqabench crops the pictures and trains the network."""

from __future__ import annotations

from typing import Any
from unittest import mock

from torch import Tensor

from iqabench.contract import UsageError
from iqabench.kit.encoders import weights_card
from iqabench.kit.weights import load_tensors, resolve

from .network import Wrapped, as_it_is
from .options import Options

VIT = "vit_base_patch8_224"


class Maniqa(Wrapped):
    """Gives one score per square crop; the loss is the squared error."""

    def __init__(self, options: Options) -> None:
        start = _imagenet(options) if options.init == "default" else None
        super().__init__(_network(options))
        if start is not None:
            self.net.vit.load_state_dict(start)

    def forward(self, images: Tensor) -> Tensor:
        """RGB crops in [0, 1], (B, 3, S, S) with S = ``image_size`` -> (B,)."""
        from pyiqa.archs import maniqa_arch

        # pyiqa's cropping would first enlarge a crop that has exactly the network's size.
        with mock.patch.multiple(maniqa_arch, random_crop=as_it_is, uniform_crop=as_it_is):
            return super().forward(images)


def _imagenet(options: Options) -> dict[str, Tensor]:
    if (options.width, options.image_size) != (768, 224):
        raise UsageError(
            f"no ImageNet weights fit a ViT {options.width} wide at {options.image_size} pixels",
            "use --init random",
        )
    return load_tensors(resolve(weights_card(VIT)))[0]


def _network(options: Options) -> Any:
    """pyiqa's network with random weights."""
    import timm
    from pyiqa.archs.maniqa_arch import MANIQA

    create = timm.create_model

    def vit(name: str, **_: Any) -> Any:
        return create(name, embed_dim=options.width, img_size=options.image_size)

    with mock.patch.object(timm, "create_model", vit):
        return MANIQA(
            pretrained=False,
            scale=options.scale,
            embed_dim=options.width,
            dim_mlp=options.width,
            img_size=options.image_size,
        )
