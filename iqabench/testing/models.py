"""What is checked of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from iqabench.contract.cards import ModelCard, WeightsCard
from iqabench.contract.errors import MissingDependencyError, WeightsError
from iqabench.kit.weights import is_here, listed
from iqabench.protocols.requests import ModelRequest
from iqabench.registry import require
from iqabench.testing import samples
from iqabench.testing.cards import TINY, check_card, check_sent
from iqabench.testing.estimators import estimator_checks, estimator_subject
from iqabench.testing.findings import Broken, Check, NotApplicable
from iqabench.testing.lazily import check_lazy
from iqabench.testing.networks import network_checks, network_subject
from iqabench.testing.outputs import Subject, output_checks

if TYPE_CHECKING:
    from torch import Tensor

    from iqabench.api.session import Session

BUILT, SENT = "can be built", "can be sent to a worker"
METHODS = {"scorer": ("score",), "estimator": ("features", "fit", "predict", "state", "load_state")}
"""Kind -> methods; a network's are looked for where it is built."""


def model_checks(card: ModelCard, session: Session) -> Iterator[Check]:
    """The checks of a model at its toy size."""
    registry = session.registry
    held: list[tuple[ModelRequest, Subject]] = []
    yield "loads lazily", lambda: check_lazy(registry, registry.models.plugins[card.name])
    yield "card", lambda: check_card(card, registry)

    def build() -> None:
        request = _request(card, session)
        subject = _subject(request)
        _ = _part(card, subject)
        held.append((request, subject))

    yield BUILT, build
    if not held:
        return
    ((request, subject),) = held
    yield from output_checks(subject)
    if card.kind == "trainable":
        yield from network_checks(request, subject)
    elif card.kind == "estimator":
        yield from estimator_checks(request, subject)
    else:
        yield "direction", lambda: _direction(card, subject)
    yield SENT, lambda: check_sent(request, card.factory, card.options)


def _request(card: ModelCard, session: Session) -> ModelRequest:
    """The model at its toy size.

    Raises:
        NotApplicable: a library or a file that it needs is not here.
    """
    try:
        require(card)
    except MissingDependencyError as error:
        raise NotApplicable(error.message) from error
    (request,) = session.requests([card.name], [], TINY)
    if not card.trains:
        _refuse_absent(card, (*card.weights, *card.needs))
    return request


def _refuse_absent(card: ModelCard, files: Sequence[WeightsCard]) -> None:
    absent = [weights.name for weights in files if not is_here(weights)]
    if absent:
        raise NotApplicable(f"weights {listed(absent)} are not on this machine")


def _part(card: ModelCard, subject: Subject) -> Any:
    """The model, built."""
    try:
        part = subject.part
    except WeightsError:
        _refuse_absent(card, card.needs)  # it has no option init, so it starts from these
        raise
    lacking = [name for name in METHODS.get(card.kind, ()) if not callable(getattr(part, name, 0))]
    if lacking:
        raise Broken(f"{type(part).__name__} has no method {', '.join(lacking)}")
    return part


def _subject(request: ModelRequest) -> Subject:
    card = request.card
    if card.kind == "trainable":
        return network_subject(request)
    if card.kind == "estimator":
        return estimator_subject(request)
    return Subject(
        what="score",
        build=lambda: _quiet(request.build()),
        outputs=lambda model, images: _score(card, model, images),
        shape=lambda images: (len(images),),
        like=lambda model: _quiet(request.build()),
        bounds=card.score_range,
    )


def _quiet(model: Any) -> Any:
    """A scorer that is a network is in evaluation mode, as the engine has it."""
    return model.eval() if callable(getattr(model, "eval", None)) else model


def _score(card: ModelCard, model: Any, images: Tensor) -> Any:
    import torch

    with torch.inference_mode():
        if card.full_reference:
            return model.score(samples.worse(images), images)
        return model.score(images)


def _direction(card: ModelCard, subject: Subject) -> None:
    """A picture is nearer to itself than to a noisy copy."""
    import torch

    if not card.full_reference:
        raise NotApplicable("only people's scores tell, without references")
    images = subject.batch(1)
    with torch.inference_mode():
        same = float(subject.part.score(images, images))
        noisy = float(subject.part.score(samples.worse(images), images))
    if (noisy - same) * (1 if card.direction == "higher" else -1) > 0:
        raise Broken(
            f"the card says '{card.direction}' is better, but a picture beside itself has "
            f"{same:.4g} and a noisy copy {noisy:.4g}"
        )
