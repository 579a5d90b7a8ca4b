"""Saliency providers."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import SaliencyCard, hookimpl

SPECTRAL_RESIDUAL = SaliencyCard(
    name="spectral-residual",
    summary="Spectral residual of the log amplitude spectrum at 64 pixels",
    factory="iqabench_saliency.spectral:SpectralResidual",
    paper="Hou, Zhang: Saliency detection, a spectral residual approach (CVPR 2007)",
)


@hookimpl
def register_saliency_providers(register: Callable[[SaliencyCard], None]) -> None:
    """The providers this plugin offers."""
    register(SPECTRAL_RESIDUAL)
