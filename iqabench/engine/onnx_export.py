"""Writes a network as an ONNX file that scores without torch, and compares the two.

The graph is traced by torch's older exporter (``dynamo=False``);
docs/design/why-export-traces.md gives the reasons.
"""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from iqabench.contract.errors import MissingDependencyError, UsageError
from iqabench.engine.crops import normalise
from iqabench.engine.kinds.trainable import loaded_network
from iqabench.engine.model_weights import chosen_weights, needed
from iqabench.engine.onnx_facts import IMAGES, MAP, SCORES, OnnxFacts
from iqabench.engine.onnx_judge import first_line, session
from iqabench.kit.download import sha256
from iqabench.protocols.requests import ModelRequest
from iqabench.store import Store
from iqabench.store.files import write_atomically
from iqabench.store.fingerprints import package_version

OPSET = 17
"""Version of ONNX's operators; onnxruntime 1.13 and later read it."""
TOLERANCE = 1e-4
"""Largest difference between a network's outputs and those of its file. The network's own scale
has labels in [0, 1], and maps have the maximum 1."""
TRACED = (2, 192, 256)
"""Batch, height and width of the picture with which a network of any size is traced."""
PROBES = ((1, 128, 160), (3, 161, 227), (2, 352, 96))
"""Batch, height and width of the pictures that show whether file and network agree."""


class Exported(nn.Module):
    """A network as the file has it: pictures in [0, 1] in, scores and maps out."""

    def __init__(self, network: Any, request: ModelRequest) -> None:
        super().__init__()
        self.network = network
        self.request = request
        self.with_maps = hasattr(network, "maps")

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) -> scores, (B,), and each map, (B, 1, H, W)."""
        inputs = normalise(images, self.request.recipe)
        maps = self.network.maps(inputs) if self.with_maps else {}
        return (self.network(inputs), *maps.values())

    def map_names(self, images: Tensor) -> list[str]:
        """Names of the maps, in the order of the outputs."""
        if not self.with_maps:
            return []
        with torch.inference_mode():
            return list(self.network.maps(normalise(images, self.request.recipe)))


def export(request: ModelRequest, store: Store, output: Path) -> OnnxFacts:
    """Write a network with its weights as an ONNX file.

    The file is written only if onnxruntime computes the network's scores and maps from it, at
    several sizes if the network takes them.

    Raises:
        MissingDependencyError: onnx or onnxruntime is not installed.
        UsageError: the model is no network, needs maps as input, cannot be traced, or its file
            computes something else; or the file cannot be written.
        WeightsError: the weights cannot be obtained.
    """
    lacking = [one for one in ("onnx", "onnxruntime") if importlib.util.find_spec(one) is None]
    if lacking:
        raise MissingDependencyError(
            f"export needs {lacking[0]}, which is not installed", "pip install 'iqabench[onnx]'"
        )
    if not request.kind.has_recipe or request.card.saliency == "input":
        why = "needs saliency maps" if request.kind.has_recipe else "is no network"
        raise UsageError(f"'{request.label}' {why}: it cannot be exported", "export a network")
    weights = needed(chosen_weights(request, store))
    network, scale = loaded_network(request, weights)
    any_size = getattr(network, "takes_any_size", None)
    fixed = request.card.fixed_crop or any_size is False
    crop = request.recipe.crop if fixed else None
    whole = Exported(network, request).eval()
    traced = _pictures(TRACED, crop)
    facts = OnnxFacts(
        name=request.card.name,
        direction=request.direction,
        recipe=request.recipe,
        low=scale.low,
        high=scale.high,
        sha256=sha256(weights),
        maps=tuple(whole.map_names(traced)),
        any_size=bool(any_size),
        made_by=package_version("iqabench"),
    )

    def write(part: Path) -> None:
        _trace(whole, traced, facts, part, fixed=crop is not None)
        _label(part, facts)
        _check(part, whole, crop)

    try:
        write_atomically(output, write)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}", "name another file") from error
    return facts


def _pictures(shape: tuple[int, int, int], crop: tuple[int, int] | None) -> Tensor:
    batch, height, width = shape
    if crop is not None:
        height, width = crop
    random = torch.Generator().manual_seed(height)
    return torch.rand(batch, 3, height, width, generator=random)


def _trace(whole: Exported, images: Tensor, facts: OnnxFacts, file: Path, fixed: bool) -> None:
    """Write the graph, without metadata.

    Its batch is dynamic and, unless ``fixed``, so are the sides of pictures.
    """
    sides = {} if fixed else {2: "height", 3: "width"}
    maps = [MAP + name for name in facts.maps]
    axes = {IMAGES: {0: "batch", **sides}, SCORES: {0: "batch"}}
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                whole,
                (images,),
                str(file),
                dynamo=False,
                opset_version=OPSET,
                input_names=[IMAGES],
                output_names=[SCORES, *maps],
                dynamic_axes={**axes, **{one: {0: "batch", **sides} for one in maps}},
            )
    except OSError:
        raise
    except Exception as error:  # whatever the exporter raises on what it cannot express
        raise UsageError(
            f"'{facts.name}' cannot be exported: {first_line(error)}", "score it with torch"
        ) from error


def _label(file: Path, facts: OnnxFacts) -> None:
    """Put the metadata into a file."""
    import onnx

    graph = onnx.load(file)
    onnx.helper.set_model_props(graph, facts.metadata())
    onnx.save(graph, file)


def _check(file: Path, whole: Exported, crop: tuple[int, int] | None) -> None:
    """Compare a file with its network.

    Raises:
        UsageError: they differ.
    """
    name, loaded = whole.request.label, session(file)
    for shape in PROBES:
        images = _pictures(shape, crop)
        with torch.inference_mode():
            ours = whole(images)
        theirs = loaded.run(None, {IMAGES: images.numpy()})
        gaps = [float(np.abs(a.numpy() - b).max()) for a, b in zip(ours, theirs, strict=True)]
        if not max(gaps) <= TOLERANCE:
            raise UsageError(
                f"the ONNX file of '{name}' differs from the network by {max(gaps):.2g} "
                f"at {images.shape[3]}x{images.shape[2]}",
                "it cannot be exported: score it with torch",
            )
