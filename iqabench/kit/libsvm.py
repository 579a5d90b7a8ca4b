"""Regressions in LIBSVM's text format, with the ranges of the features as svm-scale writes them.

The format is that of Chang, Lin: LIBSVM: a library for support vector machines (ACM TIST 2(3),
2011).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import WeightsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BEGINNING = b"svm_type"
"""Every model file begins with it."""
WANTED = "an epsilon-SVR with a radial kernel is wanted"


def arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a regression, and the feature ranges from the file of ranges beside it.

    The other file's name has ``range`` in place of ``model``, as ``allrange`` for ``allmodel``.

    Returns:
        ``support_vectors`` (S, F), ``dual_coefficients`` (S,), ``intercept`` (1,), ``gamma`` (1,),
        ``feature_low`` (F,) and ``feature_high`` (F,), float64.

    Raises:
        WeightsError: a file is damaged, or it holds another kind of model.
    """
    model = regression(_text(path), path.name)
    name = path.name.replace("model", "range")
    if name == path.name:
        raise WeightsError(
            f"{path.name} has no file of ranges", "call them allmodel and allrange, as published"
        )
    low, high = ranges(_text(path.with_name(name)), name, model["support_vectors"].shape[1])
    return {**model, "feature_low": low, "feature_high": high}


def regression(text: str, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a model file but for the ranges; ``name`` is for messages.

    Raises:
        WeightsError: the file is damaged, or holds another kind of model.
    """
    import numpy as np

    head, _, body = text.partition("\nSV\n")
    facts = dict(line.split(" ", 1) for line in head.splitlines() if " " in line)
    if (facts.get("svm_type"), facts.get("kernel_type")) != ("epsilon_svr", "rbf"):
        raise WeightsError(f"{name} is no regression that fits", WANTED)
    try:
        rows = [line.split() for line in body.splitlines()]
        count = int(facts["total_sv"])
        pairs = [[pair.split(":") for pair in row[1:]] for row in rows]
        width = max(int(index) for row in pairs for index, _ in row)
        vectors = np.zeros((len(rows), width))
        for row, entries in enumerate(pairs):
            for index, value in entries:
                vectors[row, _place(index)] = float(value)
        found = {
            "support_vectors": vectors,
            "dual_coefficients": np.array([float(row[0]) for row in rows]),
            "intercept": -np.array([float(facts["rho"])]),
            "gamma": np.array([float(facts["gamma"])]),
        }
    except (ValueError, KeyError, IndexError) as error:
        raise WeightsError(f"{name} is damaged: {error}", WANTED) from error
    if len(rows) != count or not all(np.isfinite(array).all() for array in found.values()):
        raise WeightsError(
            f"{name} is damaged: {len(rows)} of {count} support vectors", "is it whole?"
        )
    return found


def ranges(text: str, name: str, width: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Lowest and highest value of each feature, (width,) each, from a file of svm-scale.

    Raises:
        WeightsError: the file is damaged, or scales to another range than -1 to 1.
    """
    import numpy as np

    lines = [line.split() for line in text.split("\n") if line.strip()]
    try:
        if lines[0] != ["x"] or [float(limit) for limit in lines[1]] != [-1, 1]:
            raise ValueError("it does not scale to -1 to 1")
        bounds = {int(index): (float(low), float(high)) for index, low, high in lines[2:]}
        table = np.array([bounds[number + 1] for number in range(width)])
        if len(bounds) != width or not np.isfinite(table).all():
            raise ValueError(f"{len(bounds)} ranges for {width} features")
    except (ValueError, KeyError, IndexError) as error:
        raise WeightsError(f"{name} is no file of ranges: {error}", "is it whole?") from error
    return table[:, 0], table[:, 1]


def _place(index: str) -> int:
    place = int(index) - 1
    if place < 0:
        raise ValueError(f"feature {index}")
    return place


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise WeightsError(
            f"cannot read {path}: {reason}", "the model and its ranges lie side by side"
        ) from error
