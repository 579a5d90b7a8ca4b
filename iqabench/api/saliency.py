"""Saliency providers: list them, evaluate them on fixations, count and clear their cached maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.api.session import Session, in_use, listed

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.report.tables import Row, Table
    from iqabench.saliency.map_cache import Kept


@dataclass(frozen=True)
class SaliencyResults:
    """An evaluation of saliency providers on the fixations of a data set."""

    pictures: pd.DataFrame
    """One row per picture and provider; see :func:`iqabench.saliency.evaluation.evaluate`."""

    def summary(self) -> pd.DataFrame:
        """One row per provider: the mean and interval of every metric; see docs/saliency.md."""
        return self.table().frame

    def table(self) -> Table:
        """The summary as a table: for a screen one row per metric, and footnotes."""
        from iqabench.report import saliency
        from iqabench.report.tables import Table

        frame = saliency.summary(self.pictures)
        return Table(frame, saliency.short(frame), saliency.notes(self.pictures))


def list_providers(*, session: Session | None = None) -> list[Row]:
    """A row for every saliency provider: name, options, training data, licence and summary."""
    from iqabench.registry import options_of

    return [
        {
            "provider": card.name,
            "options": " ".join(options_of(card)),
            "trained on": card.trained_on,
            "licence": card.licence,
            "summary": card.summary,
        }
        for _, card in sorted(in_use(session).registry.saliency.cards.items())
    ]


def evaluate_saliency(
    providers: str | Sequence[str],
    dataset: str,
    *,
    root: Path | str | None = None,
    session: Session | None = None,
) -> SaliencyResults:
    """Measure how well saliency providers predict the fixations of a data set.

    Args:
        providers: each is ``NAME[:KEY=VALUE...]``.
        dataset: the set's name. ``fixations`` together with a root stands for any folder of
            pictures and fixations.
        root: the set's folder; None takes the folder that the catalogues name.
        session: catalogue and progress.

    Raises:
        IqabenchError: a provider or the set is unknown, or the set has no fixations.
    """
    from iqabench.saliency.evaluation import evaluate
    from iqabench.saliency.maps import MapSource

    session = in_use(session)
    sources = [MapSource(session.registry.provider(text)) for text in listed(providers)]
    labelled = {source.label: source for source in sources}
    read = session.dataset(dataset, Path(root) if root is not None else None)
    return SaliencyResults(evaluate(labelled, read, session.watch))


def kept_maps() -> list[Kept]:
    """The number of cached maps of each provider, and their size in bytes."""
    from iqabench.saliency.map_cache import kept

    return kept()


def clear_maps(provider: str = "") -> list[Kept]:
    """Remove the cached maps of a provider with any options, or of all providers.

    Args:
        provider: the provider's name; empty for all providers.

    Returns:
        The number and size of the removed maps, by provider.

    Raises:
        UnknownNameError: no maps of that provider are cached, and no plugin registered it.
        StoreError: a folder cannot be removed.
    """
    from iqabench.saliency.map_cache import clear

    return clear(provider)
