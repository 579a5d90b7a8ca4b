"""The figures of a store, as files for a paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import UsageError
from iqabench.data.tables import Tick
from iqabench.report import breakdown, diagram, heatmap, intervals, leaderboard, ranks, scatter
from iqabench.report.evaluations import Group, distinct_labels, groups
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Figures:
    """Files that were written, and lines that say which were not, and why."""

    paths: tuple[Path, ...]
    left_out: tuple[str, ...]


def write(
    store: Store, folder: Path, form: str, exclude_shared: bool = False, tick: Tick | None = None
) -> Figures:
    """Draw everything that a store has results for.

    ``critical-difference``: models ranked over test sets. ``train-test``: SROCC by training and
    test set. For each test set and protocol ``srocc-``, means with intervals; ``scatter-``,
    predictions against labels with the fitted logistic; ``distortions-``, SROCC within each
    distortion.

    Args:
        store: results.
        folder: where the files go; made if need be.
        form: ``pdf``, ``png`` or ``svg``.
        exclude_shared: leaves contents that a model has seen out of its statistics.
        tick: hears of each file.

    Raises:
        UsageError: the store has no results.
    """
    found = groups(store, None, exclude_shared)
    if not found:
        raise UsageError(f"no model in {store.root} was tested", "iqabench run makes results")
    parts: dict[tuple[str, ...], list[Group]] = {}
    for group in found:
        key = tuple(group.keys[name] for name in ("test", "protocol", "test_hash"))
        parts.setdefault(key, []).append(group)
    plain = Counter((test, protocol) for test, protocol, _ in parts)
    total = 2 + 3 * len(parts)
    paths: list[Path] = []
    left_out: list[str] = []

    def place(name: str) -> Path:
        path = folder / f"{name.replace(' ', '-')}.{form}"
        if tick is not None:
            tick(len(paths) + len(left_out), total, path.name)
        return path

    try:
        ranking = ranks.ranks(store, exclude_shared=exclude_shared)
    except UsageError as error:
        left_out.append(f"no critical-difference diagram: {error.message}")
    else:
        paths.append(place("critical-difference"))
        diagram.draw(ranking, paths[-1])
    paths.append(place("train-test"))
    heatmap.draw(_train_by_test(found), paths[-1], "SROCC by training set (rows) and test set")
    for (test, protocol, labels), part in parts.items():
        where = f"{test}-{protocol}" + (f"-{labels[:6]}" if plain[test, protocol] > 1 else "")
        named = dict(zip(_titles(part), part, strict=True))
        paths.append(place(f"srocc-{where}"))
        intervals.draw(_means(named), "model", paths[-1], protocol)
        paths.append(place(f"scatter-{where}"))
        scatter.draw(named, paths[-1], f"{test}, {protocol}")
        kinds = part[0].table.get("distortion")
        if kinds is None or kinds.nunique() < 2:
            left_out.append(f"no distortions-{where}: {test} names none, or one only")
            continue
        paths.append(place(f"distortions-{where}"))
        shown = f"{test}{_proxy(part[0])}, {protocol}"
        heatmap.draw({"SROCC within each distortion": _by_distortion(named)}, paths[-1], shown)
    return Figures(tuple(paths), tuple(left_out))


def _titles(found: Sequence[Group]) -> list[str]:
    """A name for each group of a test set: its label, and its training set where it is another."""
    labels = distinct_labels(found)
    return [
        label
        if group.keys["train"] in ("-", group.keys["test"])
        else f"{label} ({group.keys['train']})"
        for label, group in zip(labels, found, strict=True)
    ]


def _means(named: dict[str, Group]) -> pd.DataFrame:
    import pandas as pd

    rows = [{**leaderboard.row(group), "model": name} for name, group in named.items()]
    return pd.DataFrame(rows).sort_values("srocc_mean", ascending=False, na_position="last")


def _by_distortion(named: dict[str, Group]) -> pd.DataFrame:
    """Distortions x models."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: {row["distortion"]: row["srocc"] for row in breakdown.rows(group, "distortion")}
            for name, group in named.items()
        },
        dtype=float,
    )


def _train_by_test(found: Sequence[Group]) -> dict[str, pd.DataFrame]:
    """For each model mean SROCC, training sets x test sets; the first protocol of a pair counts."""
    import pandas as pd

    tests = {group.keys["test"]: group.keys["test"] + _proxy(group) for group in found}
    cells: dict[str, dict[str, dict[str, float]]] = {}
    for label, group in zip(distinct_labels(found), found, strict=True):
        train = "not trained here" if group.keys["train"] == "-" else group.keys["train"]
        row = cells.setdefault(label, {}).setdefault(train, {})
        row.setdefault(group.keys["test"], leaderboard.row(group)["srocc_mean"])
    order = {train: place for place, train in enumerate(tests)}
    return {
        label: pd.DataFrame.from_dict(rows, orient="index", dtype=float)
        .reindex(columns=list(tests))
        .rename(columns=tests)
        .sort_index(key=lambda names: names.map(lambda train: order.get(train, len(order))))
        for label, rows in cells.items()
    }


def _proxy(group: Group) -> str:
    return " (proxy labels)" if group.keys["labels"] == "proxy" else ""
