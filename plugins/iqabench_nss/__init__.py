"""The classics of natural scene statistics, native and without downloads."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, WeightsCard, hookimpl

# Each behaviour rises when the model computes other numbers; tests/golden holds what it computes.
BRISQUE = ModelCard(
    name="brisque",
    summary="36 natural scene statistics and a support vector regression",
    kind="estimator",
    factory="iqabench_nss.brisque:Brisque",
    behaviour=1,
    paper="Mittal, Moorthy, Bovik: No-reference image quality assessment in the spatial domain "
    "(IEEE TIP 2012)",
)
NIQE = ModelCard(
    name="niqe",
    summary="Distance of 36 natural scene statistics from those of pristine pictures",
    kind="estimator",
    factory="iqabench_nss.niqe:Niqe",
    options="iqabench_nss.options:NiqeOptions",
    behaviour=1,
    fit_on="references",
    direction="lower",
    weights=(WeightsCard(name="niqe", filename="niqe_modelparameters.mat"),),
    tiny={"block": 32},
    paper='Mittal, Soundararajan, Bovik: Making a "completely blind" image quality analyzer '
    "(IEEE SPL 2013)",
)
PIQE = ModelCard(
    name="piqe",
    summary="Noise and artefacts in the active 16x16 blocks; learns nothing",
    kind="scorer",
    factory="iqabench_nss.piqe:Piqe",
    behaviour=1,
    direction="lower",
    paper="Venkatanath et al.: Blind image quality evaluation using perception based features "
    "(NCC 2015)",
)


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """The models this plugin offers."""
    for card in (BRISQUE, NIQE, PIQE):
        register(card)
