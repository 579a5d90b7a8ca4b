"""A ridge regression on the statistics of a frozen encoder: what every network must beat."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, hookimpl
from iqabench.kit.start_weights import start_weights

LITE0_RIDGE = ModelCard(
    name="lite0-ridge",
    summary="Ridge regression on the block statistics of a frozen EfficientNet-Lite0; the baseline "
    "that a trained network must justify itself against",
    kind="estimator",
    factory="iqabench_ridge.model:Ridge",
    options="iqabench_ridge.options:RidgeOptions",
    behaviour=1,
    licence="Apache-2.0",
    needs=(start_weights("efficientnet-lite0"),),
    tiny={"encoder": "test_resnet", "init": "random"},
    paper="Hoerl, Kennard: Ridge regression: biased estimation for nonorthogonal problems "
    "(Technometrics 12(1), 1970), on the features of an EfficientNet-Lite",
)


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """The model this plugin offers."""
    register(LITE0_RIDGE)
