import numpy as np
import pytest
import torch

from iqabench.contract import MissingDependencyError, ScoreError, UsageError, WeightsError
from iqabench.registry import registry
from iqabench.saliency.providers import computing

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SIZE = (6, 8)


def network(path, axis=1, channel=0, shape=(1, 3, *SIZE), squeeze=False):
    """A network whose map is one channel of what it sees."""
    helper = onnx.helper
    axes = {"starts": [channel], "ends": [channel + 1], "axes": [axis]}
    constants = [
        helper.make_tensor(name, onnx.TensorProto.INT64, [1], value) for name, value in axes.items()
    ]
    nodes = [helper.make_node("Slice", ["image", *axes], ["map"])]
    out = [1 if place == axis else side for place, side in enumerate(shape)]
    if squeeze:
        nodes = [helper.make_node("ReduceMean", ["image"], ["map"], keepdims=0)]
        out = []
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("map", onnx.TensorProto.FLOAT, out)],
        constants if not squeeze else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def image():
    return torch.rand(3, *SIZE, generator=torch.Generator().manual_seed(0))


def map_of(path, image, options=""):
    text = f"onnx:file={path}:height={SIZE[0]}:width={SIZE[1]}{options}"
    return computing(registry().provider(text))(image)[0].numpy()


def scaled(plane):
    plane = np.clip(plane, 0, None)
    return plane / plane.max()


@pytest.mark.parametrize(
    ("options", "channel", "expected"),
    [
        ("", 0, lambda rgb: rgb[0]),
        (":channels=bgr", 0, lambda rgb: rgb[2]),
        (":mean=0.5,0,0:std=0.25,1,1", 0, lambda rgb: (rgb[0] - 0.5) / 0.25),
        (":channels=bgr:mean=0.5,0,0", 0, lambda rgb: rgb[2] - 0.5),
        (":white=255:mean=0,0,100", 2, lambda rgb: 255 * rgb[2] - 100),
        (":output=log", 1, lambda rgb: np.exp(rgb[1])),
    ],
)
def test_the_network_sees_what_is_stated(image, tmp_path, options, channel, expected):
    path = network(tmp_path / "net.onnx", channel=channel)
    found = map_of(path, image, options)
    np.testing.assert_allclose(found, scaled(expected(image.double().numpy())), atol=1e-5)


def test_channels_may_come_last(image, tmp_path):
    path = network(tmp_path / "net.onnx", axis=3, channel=1, shape=(1, *SIZE, 3))
    np.testing.assert_allclose(
        map_of(path, image, ":layout=nhwc"), scaled(image[1].numpy()), atol=1e-6
    )


def test_pictures_are_resized_and_maps_too(tmp_path):
    path = network(tmp_path / "net.onnx")
    ramp = torch.linspace(0, 1, 80).expand(3, 60, 80)
    found = map_of(path, ramp)
    assert found.shape == (60, 80)
    assert np.corrcoef(found[30], ramp[0, 30])[0, 1] > 0.998


def test_a_map_that_is_all_below_zero_says_nothing(image, tmp_path):
    path = network(tmp_path / "net.onnx")
    assert (map_of(path, image, ":mean=2,2,2") == 1).all()


def test_a_file_is_sought_among_the_weights_too(image, tmp_path, monkeypatch):
    monkeypatch.setenv("IQABENCH_WEIGHTS", str(tmp_path))
    network(tmp_path / "net.onnx")
    np.testing.assert_allclose(map_of("net.onnx", image), scaled(image[0].numpy()), atol=1e-6)


def test_another_size_or_layout_is_refused(image, tmp_path):
    path = network(tmp_path / "net.onnx")
    with pytest.raises(ScoreError, match=r"net\.onnx refuses a picture") as error:
        map_of(path, image, ":layout=nhwc")
    assert "layout" in error.value.hint


def test_one_number_is_no_map(image, tmp_path):
    path = network(tmp_path / "net.onnx", squeeze=True)
    with pytest.raises(ScoreError, match=r"net\.onnx gives shape \(\) for one picture"):
        map_of(path, image)


def test_what_is_no_network_is_refused(image, tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"cannot read net\.onnx as ONNX"):
        map_of(tmp_path / "net.onnx", image)
    with pytest.raises(UsageError, match=r"file='none\.onnx': no such file, here or in"):
        map_of("none.onnx", image)


def test_the_missing_library_is_named(monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="'onnx' needs onnxruntime") as error:
        registry().provider("onnx:file=x.onnx")
    assert error.value.hint == "pip install 'iqabench[onnx]'"
