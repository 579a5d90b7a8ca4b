"""Puts what was measured beside what a paper prints: numbers, marks, and what sets them apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iqabench.contract.cards import PaperRow
from iqabench.report import compare
from iqabench.report.evaluations import Group, tested_alike
from iqabench.report.tables import counted
from iqabench.stats.significance import DEFAULT
from iqabench.store.records import NONE
from iqabench.studies.pairs import Difference

AGREEMENT = {"srocc": "srocc", "plcc": "plcc"}
"""Printed metric -> metric of the leaderboard. Printed PLCC is assumed to be without a mapping."""
LEVEL = 0.05
"""Below this p, uncorrected, papers print a mark."""
MARK, NO_MARK = "*", "-"


@dataclass(frozen=True)
class Measured:
    """What a row of a paper's table gave here."""

    group: Group
    board: dict[str, Any]
    """The group's leaderboard row."""
    other: Group | None = None
    """The row's second model, on the same parts; None if the row has none."""
    difference: Difference | None = None
    """SROCC minus that of the second model."""
    grouped: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """The leaderboard rows within distortions, and of their mean, by the name of the column."""


def line(
    row: PaperRow,
    absent: str,
    measured: Mapping[str, Measured],
    costs: dict[str, Any] | None,
    moved: str | None,
) -> dict[str, Any]:
    """The row's printed and measured numbers.

    Args:
        row: of the paper's table.
        absent: why it was not measured; empty if it was.
        measured: label of a row -> what it gave, for all rows of the table.
        costs: what the row's model costs; None if this was not measured.
        moved: the data sets that took the place of the paper's; None if none did.
    """
    own = measured.get(row.label)
    board = own.board if own is not None else {}
    found: dict[str, Any] = {"row": row.label}
    for metric, printed in row.published.items():
        found[f"{metric} printed"] = printed
        if metric in row.also_published:
            found[f"{metric} also printed"] = row.also_published[metric]
        if metric in AGREEMENT:
            found |= _agreement(metric, printed, board)
        elif metric == "rmse":
            found["rmse_mapped here, set's unit"] = board.get("rmse_mapped_mean", math.nan)
        elif costs is not None and metric in costs:
            found[f"{metric} here"] = costs[metric]
    found |= _grouped(own)
    if own is not None and own.difference is not None:
        found |= {
            "srocc difference": own.difference.srocc,
            "srocc difference low": own.difference.low,
            "srocc difference high": own.difference.high,
        }
    found |= _significance(row, own, measured)
    if costs is not None and "minutes_per_epoch" in row.published:
        found["seconds_per_step here"] = costs["seconds_per_step"]
    found["note"] = _note(row, absent, own, moved if row.datasets else None)
    return found


def _agreement(metric: str, printed: float, board: dict[str, Any]) -> dict[str, Any]:
    """The measured mean, its difference from the printed number, and that difference's interval."""
    mean, low, high = (
        board.get(f"{AGREEMENT[metric]}_{part}", math.nan) for part in ("mean", "low", "high")
    )
    return {
        f"{metric} here": mean,
        f"{metric} difference": mean - printed,
        f"{metric} difference low": low - printed,
        f"{metric} difference high": high - printed,
    }


def _grouped(own: Measured | None) -> dict[str, Any]:
    """SROCC of all pictures, of the mean over distortions and within each, with intervals."""
    if own is None or not own.grouped:
        return {}
    found: dict[str, Any] = {"plcc here": own.board["plcc_mean"]}
    for name, board in {"here": own.board, **own.grouped}.items():
        found |= {f"srocc {name}": board["srocc_mean"]}
        found |= {f"srocc {name} {end}": board[f"srocc_{end}"] for end in ("low", "high")}
    return found


def _significance(
    row: PaperRow, own: Measured | None, measured: Mapping[str, Measured]
) -> dict[str, Any]:
    """The printed mark, and ours by the paper's own procedure and by the default test.

    p is not corrected for the number of rows, as papers do not.
    """
    if not (row.mark or row.against or row.versus):
        return {}
    against = measured.get(row.against)
    other = against.group if against is not None else own.other if own is not None else None
    found: dict[str, Any] = {"sig against": row.against or row.versus, "sig printed": row.mark}
    pair = [] if own is None or other is None else [own.group, other]
    comparable = bool(pair) and len(tested_alike(pair)) == 1
    for test, name in (("paper", "sig here"), (DEFAULT, f"sig by {DEFAULT}")):
        judged = compare.judged(pair, test)[0] if comparable else {}
        p = judged.get("p", math.nan)
        found |= {name: _mark(p) if judged else None, f"{name} p": p}
        if test == "paper":
            found[f"{name} test"] = judged.get("detail", "")
    return found


def _mark(p: float) -> str:
    """``*`` or ``-``, or ``?`` where the test cannot be made."""
    return "?" if math.isnan(p) else MARK if p < LEVEL else NO_MARK


def _note(row: PaperRow, absent: str, own: Measured | None, moved: str | None) -> str:
    if absent:
        return f"not measured here: {absent}"
    if own is None:
        missing = f"not measured here: {row.datasets} has no distortion '{row.distortion}'"
        return missing if row.distortion else ""
    board = own.board
    notes = [f"run on {moved} instead: not comparable"] if moved else []
    if board["failed"]:
        notes.append(f"{board['failed']} of {board['repetitions']} repetitions failed")
    if board["init"] == "random":
        notes.append("from random weights")
    notes += _given(row.model, own.group, board)
    if own.other is not None:
        notes += _given(row.versus, own.other, {})
    if board["labels"] == "proxy":
        notes.append("proxy labels")
    return "; ".join(notes)


def _given(model: str, group: Group, board: Mapping[str, Any]) -> list[str]:
    """What a model had beside the training part: weights of others, tested contents, maps."""
    record, shared = group.record, group.shared or ()
    notes = []
    if record.train == NONE:
        notes.append(f"{model} is not fitted here")
    if group.seen:
        notes.append(f"{model}'s weights have seen {', '.join(group.seen)}")
    if group.exclude_shared:
        notes.append(f"without {counted(len(shared), 'content')} that training has, too")
    elif shared:
        notes.append(
            f"{model} has seen {len(shared)} of {len(set(group.table['content']))} contents"
        )
    if record.saliency != NONE:
        notes.append(f"{model}'s maps: {record.saliency}")
    return notes
