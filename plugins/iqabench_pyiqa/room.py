"""A protected environment for pyiqa's constructors: iqabench provides every file that they request.

Without it, the constructors download into their own caches, retry for up to a minute without a
network, and unpickle the files.
"""

from __future__ import annotations

import importlib.util
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any
from unittest import mock

from iqabench.contract import WeightsError
from iqabench.kit.encoders import weights_card
from iqabench.kit.weights import load_tensors, resolve

from .files import file


@contextmanager
def closed() -> Iterator[None]:
    """A context in which pyiqa builds metrics without its own downloads and unpickles no code.

    iqabench provides the weights: from the weights folder, else from a file that pyiqa downloaded
    earlier, else from the hub. Caches that pyiqa fills in this context are deleted afterwards.

    Raises:
        WeightsError: a requested file is not available.
    """
    import huggingface_hub
    import timm
    import torch
    from pyiqa.utils import download_util

    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="iqabench-pyiqa-"))
        stack.enter_context(redirect_stdout(io.StringIO()))
        stack.enter_context(_quiet())

        def put(owner: Any, name: str, value: Any) -> None:
            stack.enter_context(mock.patch.object(owner, name, value))

        put(torch.hub, "_hub_dir", folder)
        put(torch.hub, "download_url_to_file", _deliver)
        put(torch, "load", partial(_tensors_only, torch.load))
        put(download_util, "download_url_to_file", _deliver)
        put(timm.models._builder, "load_pretrained", _load_backbone)
        put(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        for name, module in [*sys.modules.items()]:
            if name.startswith("pyiqa.") and hasattr(module, "DEFAULT_CACHE_DIR"):
                put(module, "DEFAULT_CACHE_DIR", folder)
            if name.startswith(("pyiqa.archs.", "clip.")) and hasattr(module, "_download"):
                put(module, "_download", lambda url, *_: str(fetch(url)))
        yield


@contextmanager
def clip_importable() -> Iterator[None]:
    """A context in which openai-clip can be imported if setuptools has no ``pkg_resources``."""
    if importlib.util.find_spec("pkg_resources") is not None:
        yield
        return
    import packaging.version

    stub = ModuleType("pkg_resources")
    stub.packaging = packaging  # type: ignore[attr-defined]
    sys.modules["pkg_resources"] = stub
    try:
        yield
    finally:
        del sys.modules["pkg_resources"]


def fetch(url: str) -> Path:
    """The file at an address; :func:`iqabench.kit.weights.resolve` says where it is sought.

    Raises:
        WeightsError: the file is not available.
    """
    return resolve(file(url), otherwise="")


def _deliver(url: str, place: str, *_: Any, **__: Any) -> None:
    """Replaces a download: makes a link from ``place`` to the file."""
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    Path(place).symlink_to(fetch(url))


def _load_backbone(model: Any, *_: Any, **__: Any) -> None:
    """Replaces timm's download of ImageNet weights."""
    name = model.pretrained_cfg["architecture"]
    model.load_state_dict(load_tensors(resolve(weights_card(name), otherwise=""))[0])


def _tensors_only(load: Any, *arguments: Any, **settings: Any) -> Any:
    try:
        return load(*arguments, **{**settings, "weights_only": True})
    except Exception as error:
        name = Path(str(arguments[0])).name
        raise WeightsError(
            f"{name} is damaged or holds more than tensors", "nothing that runs code is loaded"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
