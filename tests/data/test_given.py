import numpy as np
import pytest
import torch
from PIL import Image

from iqabench.contract import UsageError
from iqabench.data.decoding import decode
from iqabench.data.given import given, planes


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def pixels(images):
    found, note = given(images)
    assert note == ""
    return [one.read().pixels for one in found]


def test_one_picture_in_every_form_is_the_same():
    array = noise(5, 7, 3)
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    forms = [array, Image.fromarray(array), tensor, tensor[None], array[None], [array]]
    for form in forms:
        (found,) = pixels(form)
        assert np.array_equal(found, array)
    for form in (array / 255, (array / 255).astype(np.float32), tensor.double() / 255):
        (found,) = pixels(form)
        assert found.dtype == np.float32
        assert np.abs(255 * found - array).max() < 1e-4


def test_a_batch_is_its_pictures_and_names_count_on():
    batch = torch.rand(2, 3, 4, 5)
    found, _ = given([batch, noise(4, 4, 3)])
    assert [one.name for one in found] == ["image 1", "image 2", "image 3"]
    assert np.array_equal(found[1].pixels, batch[1].permute(1, 2, 0).numpy())


def test_gradients_and_devices_of_tensors_do_not_matter():
    tensor = torch.rand(3, 4, 5, requires_grad=True)
    (found,) = pixels(tensor)
    assert np.array_equal(found, tensor.detach().permute(1, 2, 0).numpy())


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "1"])
def test_a_pil_picture_is_what_its_file_is(tmp_path, mode):
    picture = Image.fromarray(noise(6, 5, 3)).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(noise(6, 5).astype(np.uint16) * 257)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    picture.save(path)
    with Image.open(path) as opened:
        (found,), _ = given(opened)
    assert found.name == str(path)
    assert np.array_equal(found.pixels, decode(path).pixels)
    assert set(found.notes.split("; ")) >= {note for note in decode(path).notes if "16" not in note}


def test_a_pil_picture_is_turned_upright_and_stays_as_it_is(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(6, 9, 3)).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as opened:
        (found,) = pixels(opened)
        assert opened.size == (9, 6)
    assert np.array_equal(found, decode(tmp_path / "a.png").pixels)


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        (noise(4, 4), "image 1 has the shape (4, 4)"),
        (noise(4, 4, 4), "image 1 has the shape (4, 4, 4)"),
        (torch.rand(4, 4), "image 1 has the shape (4, 4)"),
        ([noise(4, 4, 3), noise(4, 4, 3).astype(np.int64)], "image 2 holds int64"),
        (noise(4, 4, 3).astype(float), "image 1 holds floats from 4 to 248"),
        (np.full((4, 4, 3), np.nan), "image 1 holds floats from nan to nan"),
        (-torch.rand(3, 4, 4), "image 1 holds floats from -"),
        (7, "int is no picture"),
        ([], "no pictures are named"),
        (["a.png", noise(4, 4, 3)], "paths and pictures in memory are mixed"),
    ],
)
def test_what_is_no_picture_is_refused(images, complaint):
    with pytest.raises(UsageError) as refusal:
        given(images)
    assert refusal.value.message.startswith(complaint)
    assert refusal.value.hint


def test_folders_below_are_entered_if_that_is_asked_for(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("a.png", "deep/b.png"):
        Image.fromarray(noise(4, 4, 3)).save(tmp_path / name)
    flat, note = given(tmp_path)
    assert [one.name for one in flat] == [str(tmp_path / "a.png")]
    assert note == "folder deep is not entered: --recursive does"
    whole, note = given([tmp_path], recursive=True)
    assert [one.path.name for one in whole] == ["a.png", "b.png"]
    assert {one.folder for one in whole} == {tmp_path}
    assert note == ""
    (tmp_path / "a.png").unlink()
    with pytest.raises(UsageError) as refusal:
        given(tmp_path)
    assert refusal.value.hint == "--recursive enters the folders in it"


def test_planes_are_in_0_to_1():
    array = noise(5, 7, 3)
    assert np.array_equal(planes(array), array.transpose(2, 0, 1).astype(np.float32) / 255)
    assert planes(array).flags.c_contiguous
    floats = (array / 255).astype(np.float32)
    assert np.array_equal(planes(floats), floats.transpose(2, 0, 1))
