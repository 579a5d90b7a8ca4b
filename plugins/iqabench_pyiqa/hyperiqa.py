"""HyperIQA as implemented in pyiqa; iqabench crops the pictures and trains the network."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import Stage
from iqabench.kit.encoders import weights_card
from iqabench.kit.weights import load_tensors, resolve

from .network import Wrapped, imagenet, no_backbone_weights
from .options import HyperOptions


class Hyperiqa(Wrapped):
    """Gives one score per 224 x 224 crop; the loss is the absolute error."""

    loss = staticmethod(functional.l1_loss)

    def __init__(self, options: HyperOptions) -> None:
        start = _imagenet(options.backbone) if options.init == "default" else None
        super().__init__(_network(options.backbone))
        if start is not None:
            self.net.base_model.load_state_dict(
                {key: value for key, value in start.items() if not key.startswith("fc.")}
            )

    def forward(self, images: Tensor) -> Tensor:
        """RGB crops in [0, 1], (B, 3, 224, 224) -> (B,)."""
        scores: Tensor = self.net.forward_patch(images)
        return scores.flatten()

    def parameter_groups(self, stage: Stage) -> dict[str, list[nn.Parameter]]:
        """``backbone``, and ``hyper`` with all other parameters."""
        groups: dict[str, list[nn.Parameter]] = {"backbone": [], "hyper": []}
        for name, parameter in self.net.named_parameters():
            own = "backbone" if name.startswith("base_model.") else "hyper"
            groups[own].append(parameter)
        return groups


def _network(backbone: str) -> Any:
    """pyiqa's network with random weights."""
    from pyiqa.archs.hypernet_arch import HyperNet

    with no_backbone_weights():
        return HyperNet(base_model_name=backbone, pretrained=False)


def _imagenet(backbone: str) -> dict[str, Tensor]:
    if backbone == "resnet50":
        return imagenet(backbone)  # torchvision's weights, as in the authors' code
    return load_tensors(resolve(weights_card(backbone)))[0]
