"""The figures of a store, as files for a paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import UsageError
from iqabench.contract.progress import Tick
from iqabench.report import breakdown, diagram, heatmap, intervals, leaderboard, ranks, scatter
from iqabench.report.evaluations import Group, groups
from iqabench.report.tables import part_text
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Figures:
    """The files that were written, and a line with the reason for each figure that was not."""

    paths: tuple[Path, ...]
    left_out: tuple[str, ...]


def write(
    store: Store,
    folder: Path,
    form: str,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    tick: Tick | None = None,
) -> Figures:
    """Draw all figures for which a store has results.

    For the whole store: ``critical-difference``, models ranked over test sets; ``train-test``,
    SROCC by training and test set. For each test set and protocol, files that begin with ``srocc-``
    (means with intervals), ``scatter-`` (predictions against labels with the fitted logistic) and
    ``distortions-`` (SROCC within each distortion).

    Args:
        store: results.
        folder: the folder of the files; it is made if it does not exist.
        form: ``pdf``, ``png`` or ``svg``.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen.
        tick: is called for each file.

    Raises:
        UsageError: the store has no results.
    """
    only = None if only is None else frozenset(only)
    found = groups(store, only, exclude_shared)
    if not found:
        raise UsageError(f"no model in {store.root} was tested", "iqabench run makes results")
    parts: dict[tuple[str, str, str], list[Group]] = {}
    for group in found:
        key = group.record.test, group.protocol, group.record.test_hash
        parts.setdefault(key, []).append(group)
    desk = _Desk(folder, form, 2 + 3 * len(parts), tick)
    try:
        ranking = ranks.ranks(store, exclude_shared=exclude_shared, only=only)
    except UsageError as error:
        desk.left_out.append(f"no critical-difference diagram: {error.message}")
    else:
        diagram.draw(ranking, desk.place("critical-difference"))
    title = "SROCC by training set (rows) and test set"
    heatmap.draw(_train_by_test(found), desk.place("train-test"), title)
    plain = Counter((test, protocol) for test, protocol, _ in parts)
    for (test, protocol, labels), part in parts.items():
        twice = plain[test, protocol] > 1
        _draw_part(part, f"{test}-{protocol}" + (f"-{labels[:6]}" if twice else ""), desk)
    return Figures(tuple(desk.paths), tuple(desk.left_out))


@dataclass
class _Desk:
    """The folder and format of the figures, the files drawn so far, and the figures left out."""

    folder: Path
    form: str
    total: int
    tick: Tick | None
    paths: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def place(self, name: str) -> Path:
        """The path of a figure, which is added to the drawn files."""
        path = self.folder / f"{name.replace(' ', '-')}.{self.form}"
        if self.tick is not None:
            self.tick(len(self.paths) + len(self.left_out), self.total, path.name)
        self.paths.append(path)
        return path


def _draw_part(part: Sequence[Group], where: str, desk: _Desk) -> None:
    """Draw the figures of one test set under one protocol."""
    test, protocol = part[0].record.test, part[0].protocol
    named = dict(zip(_titles(part), part, strict=True))
    shown = f"{test}{_proxy(part[0])}, {protocol}"
    intervals.draw(_means(named), "model", desk.place(f"srocc-{where}"), shown)
    scatter.draw(named, desk.place(f"scatter-{where}"), shown)
    kinds = part[0].table.get("distortion")
    if kinds is None or kinds.nunique() < 2:
        desk.left_out.append(f"no distortions-{where}: {test} names none, or one only")
        return
    panels = {shown: _by_distortion(named)}
    heatmap.draw(panels, desk.place(f"distortions-{where}"), "SROCC within each distortion")


def _titles(found: Sequence[Group]) -> list[str]:
    """A name for each group, with the training set if that is not the test set, and with
    the number of scored pictures if these are not all.
    """
    titles = []
    for group in found:
        train = "" if group.record.train in ("-", group.record.test) else group.record.train
        facts = [fact for fact in (train, part_text(leaderboard.row(group))) if fact]
        titles.append(f"{group.name} ({', '.join(facts)})" if facts else group.name)
    # A model that is not fitted here has a row for each number of repetitions of fitted models.
    return [
        f"{title}, {len(group.evaluations)} repetitions" if titles.count(title) > 1 else title
        for title, group in zip(titles, found, strict=True)
    ]


def _means(named: dict[str, Group]) -> pd.DataFrame:
    import pandas as pd

    rows = [{**leaderboard.row(group), "model": name} for name, group in named.items()]
    return pd.DataFrame(rows).sort_values("srocc_mean", ascending=False, na_position="last")


def _by_distortion(named: dict[str, Group]) -> pd.DataFrame:
    """SROCC, distortions x models."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: {row["distortion"]: row["srocc"] for row in breakdown.rows(group, "distortion")}
            for name, group in named.items()
        },
        dtype=float,
    )


def _train_by_test(found: Sequence[Group]) -> dict[str, pd.DataFrame]:
    """For each model its mean SROCC, training sets x test sets.

    If a training set and a test set have results of several protocols, the first protocol counts.
    """
    import pandas as pd

    tests = {group.record.test: group.record.test + _proxy(group) for group in found}
    cells: dict[str, dict[str, dict[str, float]]] = {}
    parts: dict[str, list[str]] = {}
    for group in found:
        train = "not trained here" if group.record.train == "-" else group.record.train
        row = cells.setdefault(group.name, {}).setdefault(train, {})
        if group.record.test in row:
            continue
        found_here = leaderboard.row(group)
        row[group.record.test] = found_here["srocc_mean"]
        if part := part_text(found_here):
            parts.setdefault(group.name, []).append(f"{part} of {group.record.test}")
    order = {train: place for place, train in enumerate(tests)}
    return {
        "\n".join([label, *parts.get(label, ())]): pd.DataFrame.from_dict(
            rows, orient="index", dtype=float
        )
        .reindex(columns=list(tests))
        .rename(columns=tests)
        .sort_index(key=lambda names: names.map(lambda train: order.get(train, len(order))))
        for label, rows in cells.items()
    }


def _proxy(group: Group) -> str:
    return " (proxy labels)" if group.record.labels == "proxy" else ""
