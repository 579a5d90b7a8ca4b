from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image

from iqabench.data import tensors
from iqabench.data.file_hashes import file_hashes


def test_a_picture_tensor_is_the_decoded_picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 12, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "b.png")
    (known,) = file_hashes([tmp_path / "b.png"])
    picture = SimpleNamespace(path=tmp_path.joinpath, image_hashes={"b.png": known})
    found = tensors.picture_tensor(picture, "b.png")
    assert found.dtype == torch.uint8
    np.testing.assert_array_equal(found.permute(1, 2, 0).numpy(), pixels)


def test_scaled_planes_are_the_picture_at_another_size():
    """A ramp stays a ramp, sides follow the factor, and nothing leaves [0, 1]."""
    ramp = torch.linspace(0, 1, 40).expand(3, 20, 40).contiguous()
    assert tensors.scaled(ramp, 1) is ramp
    small, large = tensors.scaled(ramp, 0.5), tensors.scaled(ramp, 2)
    assert (small.shape, large.shape) == ((3, 10, 20), (3, 40, 80))
    assert torch.allclose(
        small[:, :, 2:-2], ramp.reshape(3, 20, 20, 2).mean(3)[:, ::2, 2:-2], atol=1e-3
    )
    assert large.min() >= 0 and large.max() <= 1
    assert tensors.scaled(ramp[:, :1, :1], 0.1).shape == (3, 1, 1)
