"""Where the epochs of fits are logged, besides the store: TensorBoard or MLflow."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from iqabench.contract.errors import MissingDependencyError, UnknownNameError

Kind = Literal["tensorboard", "mlflow"]
KINDS: tuple[Kind, ...] = ("tensorboard", "mlflow")
"""Each is also the name of the library, and of the extra that installs it."""
FOLDER = "iqabench-logs"
"""Of TensorBoard's files, in the working folder, unless the user names another."""


@dataclass(frozen=True)
class LogPlace:
    """Where epochs are logged."""

    kind: Kind
    place: str
    """TensorBoard: an absolute folder. MLflow: a URI; empty where MLflow chooses."""


def log_place(text: str) -> LogPlace:
    """The place that ``tensorboard[:DIR]`` or ``mlflow[:URI]`` names.

    Raises:
        UnknownNameError: it begins with another name.
        MissingDependencyError: the library is not installed.
    """
    name, _, place = text.partition(":")
    kind = next((one for one in KINDS if one == name), None)
    if kind is None:
        raise UnknownNameError("logger of --log", name, KINDS)
    found = importlib.util.find_spec(kind)
    if found is None or found.origin is None:  # a folder of that name is no library
        raise MissingDependencyError(
            f"--log {kind} needs {kind}, which is not installed", f"pip install 'iqabench[{kind}]'"
        )
    if kind == "tensorboard":
        place = str(Path(place or FOLDER).absolute())
    return LogPlace(kind, place)
