"""Real photographs, and what other data sets may have made of them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage import data
from sklearn.datasets import load_sample_images

from iqabench.audit.features import compute

SCENES = Path(__file__).parents[3] / "shared" / "scene200" / "images"
NAMES = ("astronaut", "coffee", "chelsea", "rocket", "camera", "coins", "page", "moon", "brick")


@pytest.fixture(scope="session")
def photos():
    """Eleven pictures that come with packages, unrelated to each other."""
    shipped = [Image.fromarray(getattr(data, name)()).convert("RGB") for name in NAMES]
    return [*shipped, *map(Image.fromarray, load_sample_images()["images"])]


@pytest.fixture(scope="session")
def scenes():
    """Every other of 200 photographs; the thresholds were chosen by the rest."""
    if not SCENES.is_dir():
        pytest.skip("the photographs of shared/scene200 are not here")
    return [Image.open(path).convert("RGB") for path in sorted(SCENES.iterdir())[::2]]


@pytest.fixture(scope="session")
def features_of():
    """Features of a picture held in memory."""
    return lambda picture: compute(np.asarray(picture))


@pytest.fixture(scope="session")
def scene_features(scenes, features_of):
    """Features of the photographs."""
    return [features_of(scene) for scene in scenes]


def compressed(picture, quality):
    """A picture after JPEG."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def cropped(picture, area, corner):
    """A part of a picture, of its shape: share of the area, and where, (0, 0) to (1, 1)."""
    width, height = (round(side * area**0.5) for side in picture.size)
    left = round((picture.width - width) * corner[0])
    top = round((picture.height - height) * corner[1])
    return picture.crop((left, top, left + width, top + height))


def scaled(picture, factor):
    """A picture of another size."""
    return picture.resize([round(side * factor) for side in picture.size])


AREAS, FACTORS, QUALITIES = (1, 0.8, 0.6, 0.4), (0.5, 0.75, 1, 1.5, 2), (20, 40, 90)
CORNERS = ((0, 0), (1, 0.5), (0.3, 1))


def borrowed(picture, number):
    """The picture as another set may hold it; each number is another combination."""
    part = cropped(picture, AREAS[number % 4], CORNERS[number % 3])
    small = scaled(part, FACTORS[number % 5])
    turned = ImageOps.mirror(small) if number % 6 == 5 else small
    return compressed(turned, QUALITIES[number // 2 % 3])
