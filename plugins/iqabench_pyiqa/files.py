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
        licence=LICENCE if url.startswith(HUB) else "not stated",
        trained_on=trained_on,
    )


def _checksum(url: str, path: PurePosixPath) -> str:
    """The checksum in a file's address, which torch and CLIP write there; else an empty string."""
    if url.startswith(TORCH):
        return path.stem.rpartition("-")[2]
    return path.parent.name if url.startswith(CLIP) else ""


SCNN = hosted("DBCNN_scnn-7ea73d75.pth", "waterloo", "pascal-voc")
"""DBCNN's branch for synthetic distortions, trained to classify distortions and their levels."""

RN50 = CLIP + "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762/RN50.pt"
VIT_B_32 = CLIP + "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af/ViT-B-32.pt"
VIT_L_14 = CLIP + "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836/ViT-L-14.pt"
VGG16 = TORCH + "vgg16-397923af.pth"
VGG19 = TORCH + "vgg19-dcbb9e9d.pth"
ALEXNET = TORCH + "alexnet-owt-7be5be79.pth"
RESNET50 = TORCH + "resnet50-0676ba61.pth"
RESNET50_OLD = TORCH + "resnet50-19c8e357.pth"
