"""Addresses of the weights of pyiqa's networks."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import unquote, urlparse

from iqabench.contract import WeightsCard

HUB = "https://huggingface.co/chaofengc/IQA-PyTorch-Weights/resolve/main/"
TORCH = "https://download.pytorch.org/models/"
CLIP = "https://openaipublic.azureedge.net/clip/models/"
LICENCE = "PolyForm Noncommercial 1.0 (pyiqa)"


def hosted(filename: str, *trained_on: str) -> WeightsCard:
    """The card of a file in pyiqa's own repository of weights."""
    return file(HUB + filename, *trained_on)


def file(url: str, *trained_on: str) -> WeightsCard:
    """The card of the file at an address."""
    path = PurePosixPath(unquote(urlparse(url).path))
    return WeightsCard(
        name=path.name.lower(),
        filename=path.name,
        url=url,
        sha256=_checksum(url, path),
        licence=LICENCE if url.startswith(HUB) else "",
        trained_on=trained_on,
    )


def _checksum(url: str, path: PurePosixPath) -> str:
    """The checksum in a file's address, which torch and CLIP write there; else an empty string."""
    if url.startswith(TORCH):
        return path.stem.rpartition("-")[2]
    return path.parent.name if url.startswith(CLIP) else ""


SCNN = hosted("DBCNN_scnn-7ea73d75.pth", "waterloo", "pascal-voc")
"""DBCNN's branch for synthetic distortions, trained to classify distortions and their levels."""
