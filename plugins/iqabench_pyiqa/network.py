"""Shared code of the wrapped networks: building them without a download, training, loading."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import Batch
from iqabench.kit.weights import load_tensors, resolve

from .files import file

Loss = Callable[[Tensor, Tensor], Tensor]
BACKBONES = ("vgg16", "resnet18", "resnet34", "resnet50")
"""Networks of torchvision that pyiqa builds with ImageNet weights."""


class Wrapped(nn.Module):
    """A network of pyiqa that scores iqabench's crops. The network itself normalises them."""

    loss: Loss = staticmethod(functional.mse_loss)

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self.register_load_state_dict_pre_hook(_from_pyiqa)  # type: ignore[no-untyped-call]

    def forward(self, images: Tensor) -> Tensor:
        """RGB crops in [0, 1], (B, 3, h, w) -> (B,)."""
        scores: Tensor = self.net(images)
        return scores.flatten()

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The loss ``quality``, by the class attribute ``loss``."""
        return {"quality": self.loss(self(batch.images).float(), batch.quality)}


def _from_pyiqa(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Rename the entries of weights that pyiqa published, so that they fit the wrapped network.

    Entries that do not begin with ``prefix`` belong to other modules: a checkpoint of training
    holds the network as a part.
    """
    own = [key for key in state if key.startswith(prefix)]
    if not any(key.startswith(f"{prefix}net.") for key in own):
        for key in own:
            name = key.removeprefix(prefix).removeprefix("module.")
            state[f"{prefix}net.{name}"] = state.pop(key)


def as_it_is(images: Tensor, *_: Any, **__: Any) -> Tensor:
    """Return the images unchanged; replaces a network's own cropping."""
    return images


@contextmanager
def no_backbone_weights() -> Iterator[None]:
    """Keep pyiqa's constructors from downloading the weights of their backbones.

    The constructors would download them from timm, torchvision and, for DBCNN's second branch,
    pyiqa's hub. Their arguments do not prevent this.
    """
    import timm
    import torchvision
    from pyiqa.archs import dbcnn_arch

    with ExitStack() as stack:

        def put(owner: Any, name: str, value: Any) -> None:
            stack.enter_context(mock.patch.object(owner, name, value))

        put(timm.models._builder, "load_pretrained", lambda *_, **__: None)
        for name in BACKBONES:
            put(torchvision.models, name, partial(_bare, getattr(torchvision.models, name)))
        put(dbcnn_arch, "load_pretrained_network", partial(_unless_branch, dbcnn_arch))
        yield


def _bare(build: Callable[..., Any], *_: Any, **__: Any) -> Any:
    return build(weights=None)


def _unless_branch(dbcnn_arch: Any, net: nn.Module, *arguments: Any, **settings: Any) -> None:
    if not isinstance(net, dbcnn_arch.SCNN):
        arch_util = importlib.import_module("pyiqa.archs.arch_util")
        arch_util.load_pretrained_network(net, *arguments, **settings)


def imagenet(backbone: str) -> dict[str, Tensor]:
    """The ImageNet weights (V1) of a network of torchvision.

    Raises:
        WeightsError: the weights are not available.
    """
    from torchvision.models import get_model_weights

    url = get_model_weights(backbone)["IMAGENET1K_V1"].url
    return load_tensors(resolve(file(url, "imagenet-1k")))[0]
