"""Public data sets' trees for readers, and distorted photographs for the classic measures."""

from functools import cache

import numpy as np
import pytest
import recent_trees
import torch
from lumas import LUMAS, untied
from PIL import Image
from scipy.signal import convolve2d
from skimage import data
from sklearn.datasets import load_sample_image

from iqabench.catalog import BoundDataset
from iqabench.data import tables
from iqabench.kit.distort import distort
from iqabench.registry import registry

PHOTOS = (
    data.astronaut,
    data.coffee,
    data.rocket,
    lambda: load_sample_image("china.jpg"),
    lambda: load_sample_image("flower.jpg"),
)
DISTORTIONS = ("gaussian-blur", "jpeg", "white-noise", "contrast-change")


def as_tensor(picture):
    """(H, W, 3) uint8 as a batch of one."""
    return torch.tensor(picture).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="session")
def public(tmp_path_factory):
    """``public(name)``: the root of a whole set and what it publishes. Write nothing below it."""
    built = {}

    def tree(name, **options):
        key = (name, *sorted(options.items()))
        if key not in built:
            root = tmp_path_factory.mktemp("public") / name
            built[key] = root, recent_trees.BUILDERS[name](root, **options)
        return built[key]

    return tree


@pytest.fixture(scope="session")
def whole(public, read):
    """``whole(name)``: a whole set, read once."""
    return cache(lambda name: read(name, public(name)[0]))


@pytest.fixture(scope="session")
def read():
    """``read(name, root)``: the set as the harness reads it."""

    def dataset(name, root, **options):
        return tables.read(BoundDataset(registry().dataset(name), root, options))

    return dataset


@pytest.fixture(scope="session")
def plain_mscn():
    """Coefficients and local deviation as the papers define them, in float64; float32 weights."""

    def plain(gray, border):
        offsets = np.arange(-3, 4)
        window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * (7 / 6) ** 2))
        window = (window / window.sum()).astype(np.float32).astype(np.float64)
        gray = np.pad(gray.astype(np.float64), 3, mode=border)
        mean = convolve2d(gray, window, mode="valid")
        square = convolve2d(gray**2, window, mode="valid")
        deviation = np.sqrt(np.abs(square - mean**2))
        return (gray[3:-3, 3:-3] - mean) / (deviation + 1), deviation

    return plain


@pytest.fixture(scope="session")
def photographs():
    """Five pristine photographs, (1, 3, H, W) float32 in [0, 1], whose luma is never a tie."""
    return [as_tensor(untied(photo())) for photo in PHOTOS]


@pytest.fixture(params=range(len(PHOTOS) * len(DISTORTIONS)))
def distorted(request):
    """One of twenty, (1, 3, H, W) float32 in [0, 1], whose luma is never a tie."""
    number = request.param
    photo = PHOTOS[number % len(PHOTOS)]()[: 260 + 7 * number, : 300 + 11 * number]
    kind = DISTORTIONS[number % len(DISTORTIONS)]
    return as_tensor(untied(distort(photo, kind, 1 + number % 5, seed=number)))


@pytest.fixture(params=LUMAS)
def pyiqas_luma(request, monkeypatch):
    """Has pyiqa add luma up in one of the ways of ``lumas``.

    It leaves that to a matrix product, which rounds as the library and the processor please.
    """
    colours = pytest.importorskip("pyiqa.utils.color_util", reason="needs pyiqa to compare with")
    add = LUMAS[request.param]
    monkeypatch.setattr(
        colours, "rgb2yiq", lambda images: add(images).to(images.dtype).unsqueeze(1)
    )
    return colours.to_y_channel


@pytest.fixture
def toy_set(tmp_path):
    """Six contents, each at two strengths of noise, 64x48."""
    random = np.random.default_rng(0)
    lines = ["file,score,original"]
    for content in range(6):
        plain = random.integers(0, 256, (6, 8, 3)).repeat(8, 0).repeat(8, 1)
        for level in (1, 2):
            noisy = plain + random.normal(0, 30 * level, plain.shape)
            name = f"c{content}_{level}.png"
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(tmp_path / name)
            lines.append(f"{name},{3 - level + content / 10},c{content}")
    (tmp_path / "scores.csv").write_text("\n".join(lines) + "\n")
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(
        f"datasets:\n  toys:\n    reader: csv\n    root: {tmp_path}\n    labels: scores.csv\n"
        "    columns: {image: file, mos: score, content: original}\n"
    )
    return catalog
