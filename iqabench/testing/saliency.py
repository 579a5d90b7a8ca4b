"""What is checked of a saliency provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import MissingDependencyError, UsageError, WeightsError
from iqabench.kit.weights import NotFetched
from iqabench.registry import Provider
from iqabench.saliency.providers import checked
from iqabench.testing.cards import check_card, check_sent
from iqabench.testing.findings import Broken, Check, NotApplicable
from iqabench.testing.lazily import check_lazy
from iqabench.testing.outputs import Subject, output_checks

if TYPE_CHECKING:
    from torch import Tensor

    from iqabench.api.session import Session


def saliency_checks(text: str, session: Session) -> Iterator[Check]:
    """The checks of the provider that ``NAME[:KEY=VALUE...]`` names."""
    registry = session.registry
    card = registry.saliency.get(text.partition(":")[0])
    held: list[Subject] = []
    yield "loads lazily", lambda: check_lazy(registry, registry.saliency.plugins[card.name])
    yield "card", lambda: check_card(card, registry)

    def build() -> None:
        held.append(_built(text, session))

    yield "can be built", build
    if not held:
        return
    yield from output_checks(held[0])
    yield "flat pictures", lambda: _flat(held[0])
    provider = registry.provider(text)
    yield "can be sent to a worker", lambda: check_sent(provider, card.factory, card.options)


def _built(text: str, session: Session) -> Subject:
    """The provider under test.

    Raises:
        NotApplicable: it does not compute maps, or needs options or files that are not here.
    """
    try:
        provider = session.registry.provider(text)
    except MissingDependencyError as error:
        raise NotApplicable(error.message) from error
    except UsageError as error:
        if ":" in text:
            raise
        raise NotApplicable(f"it needs options: {error.hint}") from error
    if provider.card.kind != "computed":
        raise NotApplicable(f"its maps are {provider.card.kind}: they need a data set")
    subject = Subject(
        what="saliency",
        build=provider.build,
        outputs=lambda built, images: _maps(provider, built, images),
        shape=lambda images: (len(images), 1, *images.shape[-2:]),
        like=lambda built: provider.build(),
        bounds=(0, 1),
    )
    try:
        _ = subject.part
    except NotFetched as error:
        raise NotApplicable(error.message) from error
    except (UsageError, WeightsError) as error:
        if ":" in text:
            raise
        raise NotApplicable(f"{error.message}: {error.hint}") from error
    return subject


def _maps(provider: Provider, built: Any, images: Tensor) -> Any:
    import torch

    with torch.inference_mode():
        found = built.saliency(images)
    if isinstance(found, torch.Tensor) and len(found) == len(images):
        for one in range(len(images)):
            checked(found[one : one + 1], provider, tuple(images.shape[-2:]))
    return found


def _flat(subject: Subject) -> None:
    for level, name in ((0.0, "black"), (1.0, "white")):
        try:
            subject.of(subject.batch(1) * 0 + level)
        except Exception as error:
            raise Broken(f"a {name} picture: {getattr(error, 'message', error)}") from error
