"""One self-contained HTML page of a store: tables, charts, pictures, and their origins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.catalog import Catalog
from iqabench.contract.errors import UsageError
from iqabench.contract.progress import Tick
from iqabench.data.tables import Dataset
from iqabench.report import leaderboard
from iqabench.report.evaluations import Group, groups
from iqabench.report.group_parts import without_groups
from iqabench.report.html_page import written
from iqabench.report.marks import marks
from iqabench.report.page import matrices, ranking, records, render, training
from iqabench.report.page.board import Board, board
from iqabench.report.page.panels import Panel, panel_of
from iqabench.report.page.pictures import Key, Source, album
from iqabench.store import Store

if TYPE_CHECKING:
    from iqabench.stats.mapping import Mapping as MappingName


def sets_tested(store: Store, only: Iterable[str] | None = None) -> list[Key]:
    """Name and hash of every data set on which a model in the store was tested.

    Raises:
        UsageError: the store has no tested model.
    """
    found = [(group.record.test, group.record.test_hash) for group in groups(store, only)]
    if not found:
        raise UsageError(
            f"nothing in {store.root} was tested yet", "`iqabench run` makes results, then again"
        )
    return list(dict.fromkeys(found))


def write(
    path: Path,
    store: Store,
    catalog: Catalog,
    sources: Mapping[Key, Source],
    tick: Tick,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    mapping: MappingName = "logistic4",
    within: str = "",
) -> None:
    """Write the page; a failure leaves no partial file.

    Args:
        path: the file.
        store: results.
        catalog: holds the cards of data sets and models.
        sources: the pictures of each tested set, or the reason why they are not available.
        tick: shows progress.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen.
        mapping: the mapping behind mapped PLCC and RMSE and fitted residuals.
        within: a column: agreement is the mean over its groups; if empty, that of all pictures.

    Raises:
        UsageError: the file cannot be written, or no test set has the column.
    """
    only = None if only is None else list(only)
    found = groups(store, only, exclude_shared, mapping, within)
    panels = _panels(found, sources, tick)
    text = render.html(
        title=store.root.resolve().name,
        last=_last_job(store),
        board=_board(store, only, exclude_shared, mapping, within),
        transfer=matrices.transfer(panels),
        comparison=matrices.comparison(store, only, exclude_shared, tick, mapping, within),
        ranking=ranking.diagrams(store, only, exclude_shared, within),
        distortions=matrices.distortions(panel.group for panel in panels),
        panels=panels,
        trainings=training.trainings([panel.group for panel in panels]),
        album=album(sources, panels, tick),
        failures=[failure for panel in panels for failure in records.failures(panel)],
        leaks=records.leaks(found),
        unaudited=records.unaudited(found),
        origins=[records.origin(panel.group) for panel in panels],
        citations=records.citations(found, catalog),
    )
    written(path, text)


def _board(
    store: Store,
    only: Iterable[str] | None,
    exclude_shared: bool,
    mapping: MappingName,
    within: str,
) -> Board:
    frame = leaderboard.leaderboard(store, only, exclude_shared, mapping=mapping, within=within)
    marked = marks(store, only, exclude_shared, mapping, within)
    return board(frame, without_groups(store, within, only), marked)


def _last_job(store: Store) -> str:
    """The day on which the last job began, which is the same whenever the page is made."""
    return max((job.began for job in store.all_ended().values()), default="")[:10]


def _panels(found: Sequence[Group], sources: Mapping[Key, Source], tick: Tick) -> list[Panel]:
    """The panels of groups, in the order of the leaderboard."""
    panels = []
    for done, group in enumerate(found, 1):
        source = sources.get((group.record.test, group.record.test_hash))
        panels.append(panel_of(group, source.image_hashes if isinstance(source, Dataset) else {}))
        tick(done, len(found), "reading predictions")
    return sorted(panels, key=lambda panel: leaderboard.order(panel.row))
