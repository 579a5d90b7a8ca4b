"""The classics of natural scene statistics, native and without downloads."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, hookimpl

BRISQUE = ModelCard(
    name="brisque",
    summary="36 natural scene statistics and a support vector regression",
    kind="estimator",
    factory="iqabench_nss.brisque:Brisque",
    paper="Mittal, Moorthy, Bovik: No-reference image quality assessment in the spatial domain "
    "(IEEE TIP 2012)",
)


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """The models this plugin offers."""
    register(BRISQUE)
