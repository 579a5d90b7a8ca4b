"""Checks of estimators: their features, what they learn of them, and what they keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from iqabench.protocols.requests import ModelRequest
from iqabench.testing import samples
from iqabench.testing.findings import Broken, Check, NotApplicable
from iqabench.testing.outputs import Subject

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    Array = NDArray[Any]

PICTURES = 8


def estimator_subject(request: ModelRequest) -> Subject:
    """An estimator under test; its outputs are features."""
    return Subject(
        what="features",
        build=request.build,
        outputs=_features,
        shape=lambda images: (len(images), None),
        like=lambda model: request.build(),
    )


def estimator_checks(request: ModelRequest, subject: Subject) -> Iterator[Check]:
    """The checks that hold for estimators only."""
    yield "learns", lambda: _learns(request, subject)
    yield "resumes", lambda: _resumes(request, subject)


def _features(model: Any, images: Tensor) -> Any:
    import torch

    found = model.features(images)
    if not isinstance(found, np.ndarray):
        raise Broken(f"features returned {type(found).__name__}, not a numpy array")
    if found.dtype != np.float64:
        raise Broken(f"features returned {found.dtype}, not float64")
    return torch.from_numpy(np.ascontiguousarray(found))


def _fitted(request: ModelRequest, subject: Subject) -> tuple[Any, Array, Array]:
    """An estimator fitted to eight pictures, their features, and their qualities in [0, 1]."""
    images = samples.pictures(PICTURES, *subject.size)
    model = request.build()
    features = np.concatenate([model.features(images[i : i + 1]) for i in range(PICTURES)])
    unknown = request.card.fit_on == "references"
    quality = np.full(PICTURES, np.nan) if unknown else np.linspace(1, 0, PICTURES)
    model.fit(features, quality)
    return model, features, quality


def _predicted(model: Any, features: Array) -> Array:
    found = np.asarray(model.predict(features))
    if found.shape != (len(features),):
        raise Broken(
            f"predict returned shape {found.shape} for {len(features)} rows, not ({len(features)},)"
        )
    if not np.isfinite(found).all():
        raise Broken("predict returned numbers that are not finite")
    return found


def _learns(request: ModelRequest, subject: Subject) -> str:
    model, features, quality = _fitted(request, subject)
    found = _predicted(model, features)
    if request.card.fit_on == "references":
        raise NotApplicable("it learns from pristine pictures, without their quality")
    error, constant = float(((found - quality) ** 2).mean()), float(quality.var())
    if not error < constant:
        raise Broken(
            f"fitted to {PICTURES} pictures it predicts them no better than their mean: squared "
            f"error {error:.3g}, and {constant:.3g}"
        )
    return f"squared error {error:.2g}; that of their mean is {constant:.2g}"


def _resumes(request: ModelRequest, subject: Subject) -> None:
    model, features, _ = _fitted(request, subject)
    wanted, state = _predicted(model, features), model.state()
    for name, value in state.items():
        if np.asarray(value).dtype.kind not in "biuf":
            raise Broken(f"state() holds '{name}', which is no array of numbers")
    other = request.build()
    other.load_state({name: np.array(value) for name, value in state.items()})
    found = _predicted(other, features)
    if not np.allclose(found, wanted, rtol=1e-6, atol=1e-9):
        raise Broken("after load_state(state()) it predicts other numbers: state() lacks something")
    if not np.allclose(_predicted(model, features[::-1])[::-1], wanted, rtol=1e-6, atol=1e-9):
        raise Broken("predictions depend on the order of the pictures")
