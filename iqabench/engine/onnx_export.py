"""Writes a network as an ONNX file that scores without torch, and compares the two.

The graph is traced by torch's older exporter (``dynamo=False``);
docs/design/why-export-traces.md gives the reasons.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from iqabench.contract.errors import MissingDependencyError, UsageError
from iqabench.engine.crops import normalise
from iqabench.engine.kinds.trainable import loaded_network
from iqabench.engine.model_weights import calibration_of, chosen_weights, needed, tells_errors
from iqabench.engine.onnx_facts import ERRORS, IMAGES, MAP, SCORES, OnnxFacts
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
LONGEST = 200
"""Letters of another's message that an error repeats."""
INSTEAD = "score it with torch"
"""What to do where a network cannot be exported."""
PROBES = ((1, 128, 160), (3, 161, 227), (2, 352, 96))
"""Batch, height and width of the pictures that show whether file and network agree."""


class ExactSigmoid(nn.Module):
    """The sigmoid by its formula.

    The sigmoid of onnxruntime is good to 1e-7. Where a saliency decoder ends in a sigmoid of
    strongly negative inputs, and the map is then scaled to the maximum 1, that is too coarse.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Any shape."""
        return 1 / (1 + (-values).exp())


class Exported(nn.Module):
    """A network as the file has it: pictures in [0, 1] in, scores and maps out."""

    def __init__(self, network: Any, request: ModelRequest) -> None:
        super().__init__()
        for module in list(network.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.Sigmoid):
                    setattr(module, name, ExactSigmoid())
        self.network = network
        self.request = request
        self.with_maps = hasattr(network, "maps")
        self.with_errors = tells_errors(request)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) -> scores, (B,), perhaps errors, (B,), and each map, (B, 1, H, W)."""
        inputs = normalise(images, self.request.recipe)
        maps = self.network.maps(inputs) if self.with_maps else {}
        if self.with_errors:
            return (*self.network.scores_and_errors(inputs), *maps.values())
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
    whole = Exported(network, request).eval()
    any_size = getattr(network, "takes_any_size", None)
    fixed = request.card.fixed_crop or any_size is False
    facts = OnnxFacts(
        name=request.card.name,
        direction=request.direction,
        recipe=request.recipe,
        low=scale.low,
        high=scale.high,
        sha256=sha256(weights),
        maps=tuple(whole.map_names(_pictures(TRACED, request.recipe.crop))),
        any_size=bool(any_size),
        errors=whole.with_errors,
        calibration=calibration_of(request),
        made_by=package_version("iqabench"),
    )
    try:
        write_atomically(output, lambda part: _written(part, whole, facts, _forms(request, fixed)))
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}", "name another file") from error
    return facts


@dataclass(frozen=True)
class Form:
    """The sizes that a file takes."""

    crop: tuple[int, int] | None
    """The only height and width; None for any."""
    batch: int | None
    """The only number of pictures; None for any."""


def _forms(request: ModelRequest, fixed: bool) -> list[Form]:
    """The forms in which a network may be written, the most general first.

    Many transformers note the size or the number of the pictures that they are traced with.
    """
    crop = request.recipe.crop
    if crop is None or request.recipe.test_crop_kind == "whole":
        return [Form(None, None)]
    general = [] if fixed else [Form(None, None)]
    return [*general, Form(crop, None), Form(crop, 1)]


def _written(file: Path, whole: Exported, facts: OnnxFacts, forms: Sequence[Form]) -> None:
    """Write the most general form that computes what the network does.

    Raises:
        UsageError: none does; it says why the last does not.
    """
    for form in forms:
        try:
            _trace(whole, facts, file, form)
            _label(file, facts)
            _check(file, whole, form)
        except UsageError:
            if form == forms[-1]:
                raise
        else:
            return


def _pictures(
    shape: tuple[int, int, int], crop: tuple[int, int] | None, batch: int | None = None
) -> Tensor:
    """Noise in [0, 1], (B, 3, H, W); ``crop`` and ``batch`` replace those of ``shape``."""
    height, width = shape[1:] if crop is None else crop
    random = torch.Generator().manual_seed(shape[1])
    return torch.rand(batch or shape[0], 3, height, width, generator=random)


def _trace(whole: Exported, facts: OnnxFacts, file: Path, form: Form) -> None:
    """Write the graph, without metadata."""
    sides = {} if form.crop else {2: "height", 3: "width"}
    axes = {} if form.batch else {0: "batch"}
    maps = [MAP + name for name in facts.maps]
    numbers = [SCORES, ERRORS] if facts.errors else [SCORES]
    dynamic = dict.fromkeys(numbers, axes) | dict.fromkeys([IMAGES, *maps], axes | sides)
    try:
        with warnings.catch_warnings(), _nothing_printed(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                whole,
                (_pictures(TRACED, form.crop, form.batch),),
                str(file),
                dynamo=False,
                opset_version=OPSET,
                input_names=[IMAGES],
                output_names=[*numbers, *maps],
                dynamic_axes={name: found for name, found in dynamic.items() if found},
            )
    except OSError:
        raise
    except Exception as error:  # whatever the exporter raises on what it cannot express
        raise UsageError(
            f"'{facts.name}' cannot be exported: {first_line(error)[:LONGEST]}", INSTEAD
        ) from error


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Drop what is printed: the exporter's C++ prints every graph that it cannot express."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _label(file: Path, facts: OnnxFacts) -> None:
    """Put the metadata into a file."""
    import onnx

    graph = onnx.load(file)
    onnx.helper.set_model_props(graph, facts.metadata())
    onnx.save(graph, file)


def _check(file: Path, whole: Exported, form: Form) -> None:
    """Compare a file with its network.

    Raises:
        UsageError: they differ, or onnxruntime cannot compute the graph.
    """
    name, loaded = whole.request.label, session(file)
    for shape in PROBES:
        images = _pictures(shape, form.crop, form.batch)
        with torch.inference_mode():
            ours = [one.numpy() for one in whole(images)]
        try:
            theirs = loaded.run(None, {IMAGES: images.numpy()})
        except Exception as error:  # onnxruntime's own exceptions share no other base
            why = first_line(error)[:LONGEST]
            raise UsageError(f"'{name}' cannot be exported: {why}", INSTEAD) from error
        gap = max(map(_gap, ours, theirs))
        if not gap <= TOLERANCE:
            raise UsageError(
                f"'{name}' cannot be exported: its file differs from it by {gap:.2g}", INSTEAD
            )


def _gap(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """The largest difference; infinite where the shapes differ."""
    return float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else np.inf
