"""A study of variants: runs one model with several sets of options on the same splits.

A card's ``studies`` names the variants. A paired bootstrap compares each variant with the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.api.results import Results
from iqabench.api.running import DEFAULT_DATASETS, run
from iqabench.api.session import Session, in_use, listed
from iqabench.contract.errors import UnknownNameError
from iqabench.protocols.choices import Choices
from iqabench.report import intervals
from iqabench.report.tables import FEW_CONTENTS, PROXY, Table, records
from iqabench.studies.pairs import difference

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Study:
    """A finished study: its results, one row per variant, and its figure."""

    results: Results
    table: pd.DataFrame
    figure: Path

    @property
    def shown(self) -> Table:
        """The rows with their necessary footnotes."""
        notes = [
            "intervals: 95%, percentile bootstrap over contents; too narrow with fewer than "
            f"{FEW_CONTENTS}"
        ]
        if self.table["srocc_mean"].isna().any():
            notes.append("-: nothing was scored, or all equal; `iqabench leaderboard` says which")
        if (self.table["labels"] == "proxy").any():
            notes.append(PROXY)
        return Table(self.table, records(self.table), notes)


def study(
    name: str,
    model: str,
    datasets: str | Sequence[str] = DEFAULT_DATASETS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> Study:
    """Run one of a model's studies; the other arguments are those of :func:`iqabench.run`.

    ``set`` holds ``KEY=VALUE`` overrides for all variants.

    Raises:
        IqabenchError: the model's card has no such study, or as for :func:`iqabench.run`.
    """
    session = in_use(session)
    card = session.registry.model(model)
    if name not in card.studies:
        raise UnknownNameError(f"study of '{model}'", name, card.studies)
    variants = card.studies[name]
    overrides = [
        f"{label}.{key}={_text(value)}"
        for label, options in variants.items()
        for key, value in options.items()
    ] + [f"{label}.{override}" for label in variants for override in listed(set)]
    results = run(
        [f"{label}={card.name}" for label in variants],
        datasets,
        seeds=seeds,
        split=split,
        set=overrides,
        choices=choices,
        session=session,
    )
    return finished(name, card.name, results, list(variants), next(iter(variants)))


def finished(study: str, model: str, results: Results, order: list[str], base: str) -> Study:
    """Compare the variants of a finished run with the variant ``base``, and draw the figure."""
    table = compared(results, order, base)
    figure = results.store.root / "figures" / f"{study}-{model}.png"
    where = ", ".join(dict.fromkeys(table["test"]))
    intervals.draw(table, "variant", figure, f"{model}: {study}, {where}")
    return Study(results, table, figure)


def compared(results: Results, order: list[str], base: str) -> pd.DataFrame:
    """Leaderboard rows in the order of the study, with the paired difference to ``base``."""
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
    """SROCC of a variant minus that of ``base``, with its interval."""
    found = difference(table, label, base, test)
    return {
        f"srocc_minus_{base}": found.srocc if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
    }


def _text(value: Any) -> str:
    return "none" if value is None else str(value)
