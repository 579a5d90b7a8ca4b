"""Any metric of pyiqa, computed by pyiqa on whole pictures."""

from __future__ import annotations

import importlib
from contextlib import nullcontext
from typing import Any

from torch import Tensor, nn

from iqabench.contract import (
    IqabenchError,
    MissingDependencyError,
    UnknownNameError,
    WeightsError,
)

from .files import HUB
from .metrics import Row, rows
from .network import no_backbone_weights
from .options import MetricOptions
from .room import clip_importable, closed, fetch

WHOLE = frozenset({"CFANet", "DBCNN", "HyperNet", "MANIQA", "NIMA", "PAQ2PIQ", "TReS", "UNIQUE"})
"""Architectures whose own weights include the weights of the backbone."""
REPOSITORIES = {
    "Compare2Score": ("VQA-CityU/Compare2Score_1",),
    "FGResQ": ("openai/clip-vit-base-patch16",),
}
"""Architecture -> repositories that it downloads from the hub, beside its own weights."""


class Metric(nn.Module):
    """Scores whole pictures; a full-reference metric compares them with their references."""

    def __init__(self, options: MetricOptions) -> None:
        super().__init__()
        if options.metric not in rows():
            raise UnknownNameError("metric of pyiqa", options.metric, rows())
        self.model = _built(rows()[options.metric])

    def score(self, images: Tensor, references: Tensor | None = None) -> Tensor:
        """RGB pictures in [0, 1], (B, 3, H, W), and references of the same kind -> (B,)."""
        found = self.model(images) if references is None else self.model(images, references)
        scores: Tensor = found[0] if isinstance(found, tuple) else found
        return scores.flatten()


def _built(row: Row) -> Any:
    """Build pyiqa's metric.

    Raises:
        MissingDependencyError: the metric needs a library that is not installed.
        WeightsError: the metric's weights are not available, or pyiqa cannot build it for another
            reason.
    """
    try:
        if row.weights.startswith(HUB):
            fetch(row.weights)  # the most likely failure, so it comes before the slow steps
        with clip_importable():
            importlib.import_module(f"pyiqa.archs.{row.module}")
        import pyiqa

        backbones = no_backbone_weights() if row.architecture in WHOLE else nullcontext()
        with closed(), backbones:
            return pyiqa.create_metric(row.metric, device="cpu")
    except IqabenchError:
        raise
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"'{row.name}' needs {error.name}, which is not installed", f"pip install {error.name}"
        ) from error
    except Exception as error:
        if isinstance(error, OSError) and "huggingface" in str(error):
            raise _not_here(row) from error
        first = next(iter(str(error).splitlines()), "")
        raise WeightsError(
            f"pyiqa cannot build '{row.metric}': {type(error).__name__}: {first}",
            "do its weights and this version of pyiqa fit each other and the libraries here?",
        ) from error


def _not_here(row: Row) -> WeightsError:
    own = (
        [] if row.weights.startswith(HUB) else [row.weights.removeprefix("https://huggingface.co/")]
    )
    needed = [*own, *REPOSITORIES.get(row.architecture, ())]
    return WeightsError(
        f"'{row.name}' needs {' and '.join(needed)} of huggingface.co, not on this machine",
        "; ".join(f"hf download {repository}" for repository in needed),
    )
