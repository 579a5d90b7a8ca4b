"""What every provider of this project keeps, whatever the picture."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from skimage import data

from iqabench.registry import registry
from iqabench.saliency.providers import computing

COMPUTED = ("spectral-residual", "itti-koch", "center", "uniform")
SHAPES = [(1, 1), (1, 7), (200, 1), (2, 3), (3, 900), (900, 2), (33, 65)]


def map_of(text, image):
    return computing(registry().provider(text))(image)[0].numpy()


def photo(height=96, width=128):
    image = torch.from_numpy(data.coffee()).permute(2, 0, 1)[None].float() / 255
    return torch.nn.functional.interpolate(
        image, size=(height, width), antialias=True, mode="bilinear"
    )[0].clamp(0, 1)


@pytest.mark.parametrize("card", registry().saliency.cards.values(), ids=lambda card: card.name)
def test_every_card_says_what_it_was_trained_on_and_its_licence(card):
    assert card.trained_on
    assert card.licence
    assert card.summary


@pytest.mark.parametrize("text", COMPUTED)
def test_a_map_has_its_picture_s_size_and_a_maximum_of_one(text):
    for shape in SHAPES:
        flat = {
            "black": torch.zeros(3, *shape),
            "white": torch.ones(3, *shape),
            "colour": torch.tensor([0.1, 0.7, 0.3])[:, None, None].expand(3, *shape),
        }
        for colour, image in flat.items():
            found = map_of(text, image)  # which checks range and finiteness
            assert found.shape == shape, colour
            if text != "center":
                assert found.min() > 1 - 1e-6, (shape, colour)  # nothing stands out
        noise = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
        assert map_of(text, noise).shape == shape


@pytest.mark.parametrize("text", COMPUTED)
def test_pictures_of_a_batch_do_not_meet(text):
    provider = registry().provider(text).build()
    batch = torch.stack([photo(), photo().flip(-1) * 0.5, torch.zeros(3, 96, 128)])
    together = provider.saliency(batch)
    assert together.shape == (3, 1, 96, 128)
    alone = torch.cat([provider.saliency(image[None]) for image in batch])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_the_centre_is_a_gaussian_in_shares_of_each_side():
    found = map_of("center:sigma=0.25", torch.rand(3, 41, 81))
    y, x = np.mgrid[:41, :81]
    expected = np.exp(-8 * (((y - 20) / 41) ** 2 + ((x - 40) / 81) ** 2))  # 1 / (2 * .25**2) = 8
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("text", ["spectral-residual", "itti-koch"])
def test_mirroring_the_picture_mirrors_the_map(text):
    found = map_of(text, photo(96, 96))
    np.testing.assert_allclose(map_of(text, photo(96, 96).flip(-1)), found[:, ::-1], atol=2e-3)


@pytest.mark.parametrize("text", ["spectral-residual", "itti-koch"])
def test_brightness_does_not_matter(text):
    np.testing.assert_allclose(map_of(text, photo() / 2), map_of(text, photo()), atol=2e-3)


LARGE = """
import resource, sys
import torch
from iqabench.saliency.providers import computing
from iqabench.registry import registry

torch.set_num_threads(1)
known = [computing(registry().provider(text)) for text in sys.argv[1:]]
image = torch.rand(3, 100, 100)
for compute in known:
    compute(image)
image = image.repeat(1, 80, 80)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for compute in known:
    compute(image)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_large_pictures_take_little_more_memory_than_their_maps():
    """8000x8000: a map has 244 MiB in float32, the picture three times as much."""
    command = [sys.executable, "-c", LARGE, *COMPUTED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 3 * 244
