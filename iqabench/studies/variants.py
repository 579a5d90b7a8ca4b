"""A study of variants: one model under several options, on the same splits.

A card's ``studies`` names the variants; every one is compared with the first by a paired bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench import api
from iqabench.contract.errors import UnknownNameError
from iqabench.engine.progress import Watcher
from iqabench.registry import registry
from iqabench.report import intervals
from iqabench.studies.pairs import difference

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Study:
    """A finished study: its results, one row per variant, and its figure."""

    results: api.Results
    table: pd.DataFrame
    figure: Path


def names(model: str) -> list[str]:
    """The studies that a model's card offers."""
    return list(registry().model(model).studies)


def run(
    study: str,
    model: str,
    datasets: Sequence[str],
    *,
    seeds: int | None = None,
    set: Sequence[str] = (),
    choices: api.Choices | None = None,
    store: Path | None = None,
    catalog: Path | None = None,
    watch: Watcher | None = None,
) -> Study:
    """Run one of a model's studies; arguments as of :func:`iqabench.run`.

    ``set`` holds ``KEY=VALUE`` overrides that all variants share.

    Raises:
        IqabenchError: the model offers no such study, or as :func:`iqabench.run`.
    """
    card = registry().model(model)
    if study not in card.studies:
        raise UnknownNameError(f"study of '{model}'", study, card.studies)
    variants = card.studies[study]
    overrides = [
        f"{label}.{key}={_text(value)}"
        for label, options in variants.items()
        for key, value in options.items()
    ] + [f"{label}.{override}" for label in variants for override in set]
    results = api.run(
        [f"{label}={card.name}" for label in variants],
        datasets,
        seeds=seeds,
        set=overrides,
        choices=choices,
        store=store,
        catalog=catalog,
        watch=watch,
    )
    return finished(study, card.name, results, list(variants), next(iter(variants)))


def finished(study: str, model: str, results: api.Results, order: list[str], base: str) -> Study:
    """The study of variants that were run, compared with one of them and drawn."""
    table = compared(results, order, base)
    figure = results.store.root / "figures" / f"{study}-{model}.png"
    intervals.draw(table, "variant", figure, f"{model}: {study}")
    return Study(results, table, figure)


def compared(results: api.Results, order: list[str], base: str) -> pd.DataFrame:
    """Leaderboard rows in the study's order, with the paired difference to one variant."""
    import pandas as pd

    board = results.leaderboard()
    differences = results.differences()
    rows = []
    for test in dict.fromkeys(board["test"]):
        part = board[board["test"] == test].set_index("model")
        for label in (name for name in order if name in part.index):
            row = part.loc[label]
            rows.append(
                {
                    "variant": label,
                    "test": test,
                    "labels": row["labels"],
                    **{
                        key: row[key]
                        for key in (
                            "srocc_mean",
                            "srocc_low",
                            "srocc_high",
                            "plcc_mean",
                            "plcc_low",
                            "plcc_high",
                            "rmse_mapped_mean",
                            "repetitions",
                            "failed",
                            "init",
                        )
                    },
                    **_difference(differences, label, base, test),
                }
            )
    return pd.DataFrame(rows)


def _difference(table: pd.DataFrame, label: str, base: str, test: str) -> dict[str, Any]:
    """SROCC of a variant minus that of the first, with its interval."""
    found = difference(table, label, base, test)
    return {
        f"srocc_minus_{base}": found.srocc if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
    }


def _text(value: Any) -> str:
    return "none" if value is None else str(value)
