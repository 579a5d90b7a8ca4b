"""Scores loose pictures with an exported network, by onnxruntime. Nothing here imports torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iqabench.contract.errors import MissingDependencyError, ScoreError, WeightsError
from iqabench.data.given import Shown, planes
from iqabench.engine.crop_places import corners, fitted_size, map_size
from iqabench.engine.judges import Plane, Verdict
from iqabench.engine.label_scale import LabelScale
from iqabench.engine.onnx_facts import ERRORS, IMAGES, MAP, SCORES, OnnxFacts
from iqabench.engine.work_time import working
from iqabench.kit.onnx_runtime import runtime
from iqabench.kit.processors import threads

Planes = NDArray[np.float32]


class OnnxJudge:
    """An exported network; an :class:`iqabench.engine.judges.Judge`."""

    full_reference = False

    def __init__(self, file: Path) -> None:
        """Load the file.

        Raises:
            MissingDependencyError: onnxruntime is not installed.
            WeightsError: the file is no network that iqabench exported.
        """
        self._session = session(file)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.facts = OnnxFacts.of(metadata, str(file))
        self.label, self.direction = self.facts.name, str(self.facts.direction)
        self.calibration = self.facts.calibration
        self._single = self._session.get_inputs()[0].shape[0] == 1
        self._scale = LabelScale(self.facts.low, self.facts.high)

    def score(self, picture: Shown, reference: Shown | None) -> Verdict:
        """See :meth:`iqabench.engine.judges.Judge.score`."""
        recipe = self.facts.recipe
        image = planes(picture.pixels)
        drawn = recipe.crop is not None and recipe.test_crop_kind == "random"
        key = (0, int(picture.content, 16)) if drawn else (0,)
        with working():
            outputs = (SCORES, ERRORS) if self.facts.errors else (SCORES,)
            found = self._run(views(image, self.facts, key), *outputs)
        pool = np.mean if recipe.pool == "mean" else np.median
        score, *error = (self._scale.up(float(pool(numbers))) for numbers in found)
        return Verdict(score, *(one - self._scale.low for one in error))

    def twin(self) -> None:
        """None: onnxruntime's own threads keep all processors busy."""

    def maps(self, picture: Shown) -> dict[str, Plane]:
        """See :meth:`iqabench.engine.judges.Judge.maps`."""
        facts = self.facts
        if not facts.maps:
            return {}
        image = planes(picture.pixels)
        size = map_size(image.shape[1], image.shape[2], facts.recipe, facts.any_size)
        found = self._run(resized(image, size)[None], *(MAP + name for name in facts.maps))
        return {name: one[0, 0] for name, one in zip(facts.maps, found, strict=True)}

    def _run(self, images: Planes, *outputs: str) -> list[NDArray[np.float32]]:
        """The outputs of a batch, which is taken apart if the file takes one picture at a time."""
        batches = [images[at : at + 1] for at in range(len(images))] if self._single else [images]
        try:
            found = [self._session.run(list(outputs), {IMAGES: batch}) for batch in batches]
        except Exception as error:  # onnxruntime's own exceptions share no other base
            raise ScoreError(f"onnxruntime: {first_line(error)}") from error
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def session(file: Path) -> Any:
    """The file in onnxruntime, on the processor.

    Raises:
        MissingDependencyError: onnxruntime is not installed.
        WeightsError: the file cannot be read.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        raise MissingDependencyError(
            "--backend onnx needs onnxruntime, which is not installed",
            "pip install 'iqabench[onnx]'",
        )
    library = runtime()
    settings = library.SessionOptions()
    settings.intra_op_num_threads = threads()
    settings.log_severity_level = 4  # errors are raised
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read {file}: {error.strerror}", "--weights FILE") from error
    try:
        return library.InferenceSession(content, settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no other base
        raise WeightsError(
            f"{file} is no ONNX file: {first_line(error)}", "`iqabench export MODEL -o FILE`"
        ) from error


def views(image: Planes, facts: OnnxFacts, key: tuple[int, ...]) -> Planes:
    """The test-time crops of a picture, (3, H, W) -> (n, 3, h, w), as torch's models get them."""
    size = fitted_size(image.shape[1], image.shape[2], facts.recipe)
    if size != image.shape[1:]:
        image = resized(image, size)
    places = corners(size, facts.recipe, key)
    if places is None or facts.recipe.crop is None:
        return image[None]
    height, width = facts.recipe.crop
    return np.stack([image[:, y : y + height, x : x + width] for y, x in places])


def resized(image: Planes, size: tuple[int, int]) -> Planes:
    """Planes in [0, 1], (C, H, W), resized to (h, w) as :func:`iqabench.data.tensors.resized` does.

    Torch's antialiased bicubic filter is Pillow's.
    """
    from PIL import Image

    made = [
        np.asarray(Image.fromarray(plane).resize((size[1], size[0]), Image.Resampling.BICUBIC))
        for plane in image
    ]
    return np.stack(made).clip(0, 1)


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its class where it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)
