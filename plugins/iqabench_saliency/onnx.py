"""Any network in an ONNX file."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from iqabench.contract.errors import ScoreError, WeightsError
from iqabench.kit.onnx_runtime import runtime
from iqabench.kit.saliency import peak_at_one
from iqabench_saliency.options import OnnxOptions


class Onnx:
    """Shows resized pictures to a network and takes its first output, of two sides, as the map."""

    def __init__(self, options: OnnxOptions) -> None:
        onnxruntime = runtime()
        self.options = options
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = torch.get_num_threads()
        try:
            self._session = onnxruntime.InferenceSession(
                options.file.read_bytes(), settings, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions share no other base
            raise WeightsError(
                f"cannot read {options.file.name} as ONNX: {_first_line(error)}",
                f"look at {options.file}",
            ) from error

    def saliency(self, images: Tensor) -> Tensor:
        """Maps of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1, H, W), maximum 1.

        Raises:
            ScoreError: the network refuses a picture of that size and layout, or gives no map.
        """
        shown = self._shown(images)
        maps = torch.cat([self._map(one[None]) for one in shown])
        return peak_at_one(maps, images.shape[-2:])

    def _shown(self, images: Tensor) -> Tensor:
        asked = self.options
        small = functional.interpolate(
            images, size=(asked.height, asked.width), mode="bilinear", antialias=True
        ).clamp(0, 1)
        if asked.channels == "bgr":
            small = small.flip(1)
        mean, std = (small.new_tensor(values).view(3, 1, 1) for values in (asked.mean, asked.std))
        shown = (small * asked.white - mean) / std
        return shown.movedim(1, -1) if asked.layout == "nhwc" else shown

    def _map(self, image: Tensor) -> Tensor:
        """The network's map of one picture, (1, 1, h, w), not below zero."""
        place = self._session.get_inputs()[0].name
        try:
            output: Any = self._session.run(None, {place: image.contiguous().numpy()})[0]
        except Exception as error:
            raise ScoreError(
                f"{self.options.file.name} refuses a picture: {_first_line(error)}",
                "state its height, width and layout (nchw or nhwc)",
            ) from error
        found = torch.from_numpy(output).float().squeeze()
        if found.ndim != 2:
            raise ScoreError(
                f"{self.options.file.name} gives shape {tuple(output.shape)} for one picture",
                "its first output must be one map",
            )
        if self.options.output == "log":
            found = (found - found.max()).exp()
        return found[None, None]


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
