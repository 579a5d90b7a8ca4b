"""The library onnxruntime, as everything here uses it."""

from __future__ import annotations

import os
from typing import Any

NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
"""Environment variable that onnxruntime reads when it is imported. Without it, its newer releases
keep notes of every session in the user's folder and send them to their makers."""


def runtime() -> Any:
    """The module ``onnxruntime``, which sends nothing unless the user asked for that.

    Raises:
        ImportError: it is not installed.
    """
    os.environ.setdefault(NO_TELEMETRY, "1")
    import onnxruntime

    return onnxruntime
