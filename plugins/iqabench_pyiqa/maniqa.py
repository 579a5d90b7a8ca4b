"""MANIQA as pyiqa implements it, trained and cropped by the harness."""

from __future__ import annotations

from typing import Any
from unittest import mock

from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import Batch, WeightsCard
from iqabench.kit.weights import load_tensors, resolve

from .options import Options

VIT_B8 = WeightsCard(
    name="vit-b8-imagenet",
    filename="vit_base_patch8_224.augreg2_in21k_ft_in1k.safetensors",
    url="https://huggingface.co/timm/vit_base_patch8_224.augreg2_in21k_ft_in1k/resolve/main/"
    "model.safetensors",
    licence="Apache-2.0",
    trained_on=("imagenet-21k", "imagenet-1k"),
)


class Maniqa(nn.Module):
    """One score per 224 x 224 crop. The network normalises inside."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.net = _without_downloads(options)
        if options.init == "default":
            tensors, _ = load_tensors(resolve(VIT_B8))
            self.net.vit.load_state_dict(tensors)

    def forward(self, images: Tensor) -> Tensor:
        """RGB crops in [0, 1], (B, 3, 224, 224) -> (B,)."""
        from pyiqa.archs import maniqa_arch

        # Its own cropping would first enlarge a crop of exactly its size.
        with mock.patch.multiple(maniqa_arch, random_crop=_as_it_is, uniform_crop=_as_it_is):
            scores: Tensor = self.net(images)
        return scores.squeeze(1)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """``quality``: mean squared error."""
        return {"quality": functional.mse_loss(self(batch.images), batch.quality)}


def _without_downloads(options: Options) -> Any:
    """pyiqa's network with random weights.

    Its constructor asks timm for pretrained weights whatever it is told, so timm is kept from
    fetching them.
    """
    import timm
    from pyiqa.archs.maniqa_arch import MANIQA

    create = timm.create_model
    with mock.patch.object(timm, "create_model", lambda name, **_: create(name, pretrained=False)):
        return MANIQA(pretrained=False, scale=options.scale)


def _as_it_is(images: Tensor, **_: Any) -> Tensor:
    return images
