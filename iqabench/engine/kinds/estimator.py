"""Runs models that fit a regressor to features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from iqabench.contract.errors import IqabenchError, WeightsError
from iqabench.contract.progress import Tick
from iqabench.engine.features import features_of, uncomputed
from iqabench.engine.kinds.base import Fitted, Pictures, Ready
from iqabench.engine.label_scale import LabelScale
from iqabench.engine.model_weights import needed
from iqabench.engine.readable import check_readable
from iqabench.engine.work_time import working
from iqabench.kit.weights import listed, load_arrays
from iqabench.protocols.plan import FitJob, learnt_from
from iqabench.protocols.requests import ModelRequest
from iqabench.store.folder import WEIGHTS

PROBE_SIDE = 192
"""Side in pixels of the picture of noise that shows whether weights fit."""


class Estimator:
    """Runs estimators; an :class:`iqabench.engine.kinds.base.Adapter`."""

    def fit(self, job: FitJob, folder: Path, tick: Tick) -> Fitted:
        """See :meth:`iqabench.engine.kinds.base.Adapter.fit`."""
        rows = job.training
        names = sorted(set(rows[learnt_from(job.model)]))
        check_readable(job, uncomputed(job.model, job.dataset, names), tick)
        if job.model.card.fit_on == "references":
            scale, targets = LabelScale(0.0, 1.0), np.full(len(names), np.nan)
        else:
            names, quality = list(rows["image"]), rows["quality"].to_numpy(dtype=np.float64)
            scale = LabelScale.of(quality)
            targets = scale.down(quality)
        model = job.model.build()
        model.fit(features_of(model, job.model, job.dataset, names, tick), targets)
        state = {key: np.asarray(value, order="C") for key, value in model.state().items()}
        save_file(state, folder / WEIGHTS, scale.metadata())
        return Fitted(len(names), sum(int(array.size) for array in state.values()))

    def ready(
        self, request: ModelRequest, weights: Path | None, pictures: Pictures, seed: int
    ) -> Ready:
        """See :meth:`iqabench.engine.kinds.base.Adapter.ready`."""
        model, path = request.build(), needed(weights)  # features may hang on initial weights
        state, metadata = load_arrays(path)
        scale = LabelScale.from_metadata(metadata)
        _load(model, state, path)

        def score(name: str) -> float:
            features = pictures.features(model, name)
            with working():
                return scale.up(float(model.predict(features[None])[0]))

        return Ready(score, sum(int(array.size) for array in state.values()))


def _load(model: Any, state: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Load an estimator's weights, and predict once: many estimators look at a state only then.

    Raises:
        WeightsError: the file fits another model.
    """
    try:
        model.load_state(state)
        features = _probed(model)
        if features is not None:
            model.predict(features)
    except IqabenchError:
        raise
    except Exception as error:  # whatever an estimator raises on a state of another shape
        raise WeightsError(
            f"{path} does not fit {type(model).__name__}: it holds {listed(state)}",
            "were these weights made by this model, with the same options?",
        ) from error


def _probed(model: Any) -> NDArray[Any] | None:
    """The features of a picture of noise; None if the model refuses it."""
    noise = torch.rand(1, 3, PROBE_SIDE, PROBE_SIDE, generator=torch.Generator().manual_seed(0))
    try:
        return np.asarray(model.features(noise))
    except Exception:  # its pictures will tell, each by name
        return None
