"""DBCNN as pyiqa implements it, trained by the harness."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from iqabench.kit.weights import load_tensors, resolve

from .files import SCNN
from .network import Wrapped, imagenet, no_backbone_weights
from .options import Started


class Dbcnn(Wrapped):
    """One score per crop of any size; squared error.

    The parts are ``net.features1`` (VGG16), ``net.features2`` (S-CNN) and ``net.fc``.
    """

    def __init__(self, options: Started) -> None:
        start = _start() if options.init == "default" else None
        super().__init__(_network())
        nn.init.kaiming_normal_(self.net.fc.weight)
        nn.init.zeros_(self.net.fc.bias)
        if start is not None:
            vgg, scnn = start
            self.net.features1.load_state_dict(vgg)
            self.net.features2.load_state_dict(scnn)

    def forward(self, images: Tensor) -> Tensor:
        """RGB crops in [0, 1], (B, 3, h, w) -> (B,)."""
        branch = self.net.features2
        # Where it is frozen, its batch statistics are too.
        branch.train(self.training and any(one.requires_grad for one in branch.parameters()))
        return super().forward(images)


def _start() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The two branches' weights: VGG16's of ImageNet, and S-CNN's."""
    scnn, _ = load_tensors(resolve(SCNN))
    return _features(imagenet("vgg16")), _features(scnn)


def _features(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The entries of ``features``, under the names it has for them itself."""
    plain = {key.removeprefix("module."): value for key, value in state.items()}
    return {
        key.removeprefix("features."): value
        for key, value in plain.items()
        if key.startswith("features.")
    }


def _network() -> Any:
    """pyiqa's network with random weights; nothing in it is frozen."""
    from pyiqa.archs.dbcnn_arch import DBCNN

    with no_backbone_weights():
        return DBCNN(fc=False, pretrained=False)
