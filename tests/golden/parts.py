"""Every part whose behaviour has a version: how it is computed, and how exactly it must come back.

A part's numbers are named arrays. Two runs agree in an array where no number differs by more than
the tolerance times the array's largest absolute value.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
from golden import harness, models, providers

from iqabench.registry import registry
from iqabench.store.behaviour import VERSIONS

Numbers = dict[str, np.ndarray]
GOLDEN = Path(__file__).parent / "golden.json"
RECORD = ".venv/bin/python tests/golden/record.py"
DIGITS = 8


@dataclass(frozen=True)
class Part:
    """A part, and where its version stands.

    Attributes:
        compute: its numbers; given an empty folder.
        version: the number it has now.
        place: where that number is written.
        needs: optional libraries.
    """

    compute: Callable[[Path], Numbers]
    version: Callable[[], int | None]
    place: str
    needs: tuple[str, ...] = ()


def _harness(name: str, compute: Callable[[Path], Numbers]) -> Part:
    return Part(
        compute, lambda: VERSIONS[name], f"VERSIONS['{name}'] in iqabench/store/behaviour.py"
    )


def _model(name: str, compute: Callable[[Path], Numbers], *needs: str) -> Part:
    return Part(
        compute, lambda: registry().model(name).behaviour, f"behaviour of the card '{name}'", needs
    )


def _network(name: str, *needs: str, gain: float = 2.0, exact: bool = False) -> Part:
    return _model(name, models.network_part(name, gain, exact), *needs)


def _provider(name: str, compute: Callable[[Path], Numbers], *needs: str) -> Part:
    return Part(
        compute,
        lambda: registry().saliency.get(name).behaviour,
        f"behaviour of the card '{name}'",
        needs,
    )


PARTS: dict[str, Part] = {
    "decoding": _harness("decoding", harness.decoding),
    "crops": _harness("crops", harness.crops),
    "training": _harness("training", harness.training),
    "pooling": _harness("pooling", harness.pooling),
    "permutation": _harness("permutation", harness.permutation),
    "kit": _harness("kit", harness.kit),
    "biosiqnet": _network("biosiqnet", gain=1.0, exact=True),
    "biosiqnet-vgg19": _network("biosiqnet-vgg19", gain=1.5, exact=True),
    "biosiqnet-lite": _network("biosiqnet-lite", exact=True),
    "sds-iqa": _network("sds-iqa"),
    "sgdnet": _network("sgdnet"),
    "tiqa": _network("tiqa"),
    "dor-iqa": _network("dor-iqa"),
    "maniqa": _network("maniqa", "pyiqa", gain=1.2, exact=True),
    "dbcnn": _network("dbcnn", "pyiqa"),
    "hyperiqa": _network("hyperiqa", "pyiqa", exact=True),
    "tres": _network("tres", "pyiqa", gain=1.5),
    "cnniqa": _network("cnniqa", "pyiqa"),
    "wadiqam": _network("wadiqam", "pyiqa"),
    "entropy": _model("entropy", models.metric, "pyiqa"),
    "brisque": _model("brisque", models.brisque),
    "niqe": _model("niqe", models.niqe),
    "piqe": _model("piqe", models.piqe),
    "lite0-ridge": _model("lite0-ridge", models.ridge),
    "center": _provider("center", providers.computed_part("center")),
    "uniform": _provider("uniform", providers.computed_part("uniform")),
    "spectral-residual": _provider(
        "spectral-residual", providers.computed_part("spectral-residual")
    ),
    "itti-koch": _provider("itti-koch", providers.computed_part("itti-koch")),
    "groundtruth": _provider("groundtruth", providers.groundtruth),
    "folder": _provider("folder", providers.folder_of_maps),
    "readout": _provider("readout", providers.computed_part("readout")),
    "transalnet": _provider("transalnet", providers.transalnet),
    "onnx": _provider("onnx", providers.onnx, "onnx", "onnxruntime"),
}
"""Name -> part: of the harness, of each family of models, of each provider of saliency maps."""


def compute(name: str) -> Numbers:
    """A part's numbers, flat, rounded as the file holds them, with no cache of an earlier run."""
    with TemporaryDirectory(prefix="golden-") as scratch:
        private = {
            "IQABENCH_CACHE": f"{scratch}/cache",
            "IQABENCH_WEIGHTS": f"{scratch}/weights",
        }
        work = Path(scratch) / "work"
        work.mkdir()
        with mock.patch.dict(os.environ, private):
            found = PARTS[name].compute(work)
    return {key: rounded(array) for key, array in found.items()}


def rounded(array: np.ndarray) -> np.ndarray:
    """Float64 numbers of eight digits, (N,)."""
    plain = np.asarray(array, np.float64).flatten()
    return np.array([float(f"{number:.{DIGITS}g}") for number in plain])


def deviations(
    found: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """How far each array is from the one that is known, as a share of that one's largest value.

    An array that only one of the two has, or of another length, or not finite, is infinitely far.
    """
    return {key: _deviation(found.get(key), known.get(key)) for key in {**known, **found}}


def _deviation(found: np.ndarray | None, known: np.ndarray | None) -> float:
    if found is None or known is None or np.shape(found) != np.shape(known):
        return np.inf
    if not len(known):
        return 0.0
    far = float(np.abs(np.subtract(found, known)).max())
    if not np.isfinite(far):
        return np.inf
    return far / (float(np.abs(known).max()) or 1.0)


def worst(found: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]) -> tuple[float, str]:
    """The largest deviation and the array that has it."""
    return max((far, key) for key, far in deviations(found, known).items())
