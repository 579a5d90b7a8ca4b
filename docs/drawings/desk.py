"""What the drawings share: an empty figure, invented pictures of several contents, and saving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from iqabench.report import canvas

BLUE, RED, GREY = canvas.BLUE, canvas.RED, canvas.GREY
HERE = Path(__file__).parent
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "font.size": 9,
    "svg.fonttype": "none",  # text stays text: small files, and a test reads the numbers
}


def panels(number: int, *, width: float = 2.7, height: float = 2.5) -> tuple[Any, list[Any]]:
    """A figure with panels side by side; sizes in inches, of one panel."""
    figure = canvas.figure(width * number, height)
    return figure, list(np.atleast_1d(figure.subplots(1, number)))


def pictures(
    contents: int, each: int, *, error: float, own: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions, labels and contents of invented pictures; labels from 0 to 100.

    ``error`` is the standard deviation of a prediction's error, ``own`` that of the part which all
    pictures of a content share.
    """
    random = np.random.default_rng(seed)
    content = np.repeat(np.arange(contents), each)
    labels = random.uniform(0, 100, contents * each)
    shared = random.normal(0, own, contents)[content]
    return labels + shared + random.normal(0, error, labels.size), labels, content


def style() -> Any:
    """The context in which figures are drawn and saved."""
    return mpl.rc_context(STYLE)
