"""DBCNN as implemented in pyiqa, trained by iqabench."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from iqabench.kit.weights import load_tensors, resolve

from .files import SCNN
from .network import Wrapped, imagenet, no_backbone_weights
from .options import Started

EPSILON = 1e-8
"""Keeps the gradient of the square root finite if the mean product of two features is 0."""


class Dbcnn(Wrapped):
    """Gives one score per crop of any size; the loss is the squared error.

    Its parts are ``net.features1`` (VGG16), ``net.features2`` (S-CNN) and ``net.fc``.
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
        # If the branch is frozen, its batch statistics stay frozen, too.
        branch.train(self.training and any(one.requires_grad for one in branch.parameters()))
        pictures = self.net.preprocess(images)
        content, distortion = self.net.features1(pictures), branch(pictures)
        # In bf16 the rounding in the last two layers would hide differences of similar pictures.
        with torch.autocast(images.device.type, enabled=False):
            pooled = _bilinear_pooling(content.float(), distortion.float())
            scores: Tensor = self.net.fc(pooled).flatten()
        return scores


def _bilinear_pooling(content: Tensor, distortion: Tensor) -> Tensor:
    """(B, C, h, w) and (B, D, h', w') -> (B, C*D): roots of mean products, of length 1."""
    distortion = functional.interpolate(
        distortion, content.shape[-2:], mode="bilinear", align_corners=True
    )
    products = torch.einsum("bchw,bdhw->bcd", content, distortion) / content[0, 0].numel()
    return functional.normalize((products.flatten(1) + EPSILON).sqrt())


def _start() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The start weights of both branches: VGG16 trained on ImageNet, and S-CNN."""
    scnn, _ = load_tensors(resolve(SCNN))
    return _features(imagenet("vgg16")), _features(scnn)


def _features(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the module ``features``, named without the prefix ``features.``."""
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
