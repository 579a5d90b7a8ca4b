"""The maps of one picture by each provider of saliency."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from golden import inputs
from golden.filling import no_random_start, weights
from PIL import Image

from iqabench.registry import registry
from iqabench.saliency.providers import computing

Numbers = dict[str, np.ndarray]
SIZE = (90, 122)


def computed_part(text: str) -> Callable[[Path], Numbers]:
    """The part of a provider that looks at the picture alone."""
    return lambda folder: computed(text)


def computed(text: str) -> Numbers:
    """The maps of two pictures."""
    map_of = computing(registry().provider(text))
    found = [map_of(inputs.image(*SIZE, seed=n, blur=1 + 2 * n)) for n in range(2)]
    return {"map": inputs.means(found[0]), "another map": inputs.means(found[1])[::3]}


def groundtruth(folder: Path) -> Numbers:
    """Maps of fixations, by both measures of the blur, and of a file."""
    places = inputs.noise(40, 2, seed=5) * np.array(SIZE) // 256
    lines = [f"{y}.25,{x}.75" for y, x in places]
    (folder / "fixations.csv").write_text("\n".join(["y,x", *lines]) + "\n")
    save_map(folder / "map.png")
    fixations = {"image": "a.png", "fixations": "fixations.csv"}
    asked = {
        "fixations": ("groundtruth", fixations),
        "by degrees": ("groundtruth:pixels_per_degree=7", fixations),
        "map": ("groundtruth", {"image": "a.png", "saliency": "map.png"}),
    }
    return {
        key: inputs.means(registry().provider(text).build().load(row, folder, SIZE))
        for key, (text, row) in asked.items()
    }


def folder_of_maps(folder: Path) -> Numbers:
    """Maps of files of several kinds, all of another size than the picture."""
    save_map(folder / "grey.png")
    Image.fromarray(inputs.picture(40, 50, seed=3)).save(folder / "colours.png")
    deep = (inputs.saliency(40, 50, seed=4)[0].numpy() * 40000).astype(np.uint16)
    Image.fromarray(deep).save(folder / "deep.png")
    np.save(folder / "floats.npy", inputs.saliency(40, 50, seed=5)[0].numpy() * 3)
    built = registry().provider(f"folder:root={folder}").build()
    return {
        name: inputs.means(built.load({"image": f"{name}.jpg"}, folder, SIZE))[::2]
        for name in ("grey", "colours", "deep", "floats")
    }


def save_map(path: Path) -> None:
    """A map as an 8-bit grey picture, smaller than the picture it belongs to."""
    levels = (inputs.saliency(45, 60, seed=2)[0].numpy() * 200).round().astype(np.uint8)
    Image.fromarray(levels).save(path)


def transalnet(folder: Path) -> Numbers:
    """The map by the whole network with ResNet-50, its weights drawn by name."""
    from iqabench_saliency.transalnet import Network

    with no_random_start():
        torch.save(weights(Network("resnet50")), folder / "drawn.pth")
        map_of = computing(registry().provider(f"transalnet:file={folder / 'drawn.pth'}"))
    return {"map": inputs.means(map_of(inputs.image(*SIZE)))}


def onnx(folder: Path) -> Numbers:
    """Maps by a convolution and a sigmoid in an ONNX file."""
    save_onnx(folder / "net.onnx")
    plain = f"onnx:file={folder / 'net.onnx'}:height=24:width=32"
    asked = {
        "map": plain,
        "log": f"{plain}:output=log:channels=bgr:white=255:mean=100,110,120:std=60,60,60",
    }
    return {key: computed(text)["map"] for key, text in asked.items()}


def save_onnx(path: Path) -> None:
    """A network of one layer: (1, 3, 24, 32) -> (1, 1, 24, 32)."""
    import onnx as library

    helper, real = library.helper, library.TensorProto.FLOAT
    kernel = inputs.noise(27, seed=6) / 1024 - 0.125
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "kernel"], ["seen"], pads=[1, 1, 1, 1]),
            helper.make_node("Sigmoid", ["seen"], ["map"]),
        ],
        "net",
        [helper.make_tensor_value_info("image", real, (1, 3, 24, 32))],
        [helper.make_tensor_value_info("map", real, (1, 1, 24, 32))],
        [helper.make_tensor("kernel", real, (1, 3, 3, 3), kernel.tolist())],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
