"""iqabench: honest evaluation of no-reference image quality models.

``iqabench.run``, ``iqabench.leaderboard`` and the rest of :mod:`iqabench.api` are loaded on first
use, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iqabench.api import (
        Choices,
        Results,
        Session,
        compare,
        diff,
        explain,
        import_scores,
        leaderboard,
        plan,
        predictions,
        run,
        score,
    )

__all__ = [
    "Choices",
    "Results",
    "Session",
    "compare",
    "diff",
    "explain",
    "import_scores",
    "leaderboard",
    "plan",
    "predictions",
    "run",
    "score",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'iqabench' has no attribute '{name}'")
    from iqabench import api

    return getattr(api, name)
