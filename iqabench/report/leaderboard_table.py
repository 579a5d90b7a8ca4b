"""The leaderboard for a screen: the columns that fit it, and the footnotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iqabench.report import noise
from iqabench.report.leaderboard import SEPARATOR
from iqabench.report.tables import (
    FEW_CONTENTS,
    FEW_NOTE,
    MARK_NOTES,
    PARTIAL,
    Row,
    interval_text,
    milliseconds_text,
    number_text,
    part_text,
    proxy_note,
    records,
    share_text,
)
from iqabench.store.records import NONE, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

MOST_NAMED = 10
"""A footnote names at most this many contents."""
_USUAL_RECIPES = {"own", NONE, UNKNOWN}


def short(frame: pd.DataFrame, marks: Sequence[str] | None = None) -> list[Row]:
    """The rows of a leaderboard with the few columns that fit a screen.

    Intervals are in the cells of their means. The column ``recipe`` is present only if a recipe is
    not the model's own.

    Args:
        frame: the leaderboard.
        marks: one mark per row, from :func:`iqabench.report.marks.marks`, for Markdown and LaTeX.
    """
    usual = set(frame["recipe"]) <= _USUAL_RECIPES
    rows = []
    for row, mark in zip(records(frame), marks or [""] * len(frame), strict=True):
        rows.append(
            {
                "model": str(row["model"])
                + "*" * (row["init"] == "random")
                + PARTIAL * bool(part_text(row)),
                "train": row["train"],
                **({} if usual else {"recipe": row["recipe"]}),
                "test": row["test"] + (" (proxy labels)" if row["labels"] == "proxy" else ""),
                "SROCC [95%]": interval_text(row, "srocc", mark),
                "PLCC [95%]": interval_text(row, "plcc"),
                "PLCC mapped": number_text(row["plcc_mapped_mean"]),
                "KROCC": number_text(row["krocc_mean"]),
                "RMSE mapped": number_text(row["rmse_mapped_mean"]),
                "n": str(row["n"]),
                "runs": f"{row['repetitions'] - row['failed']}/{row['repetitions']}",
                "coverage": share_text(row["coverage"]),
                "shared": _shared(row),
                "ms/image": milliseconds_text(row["seconds_per_image"]),
            }
        )
    return rows


def notes(frame: pd.DataFrame, form: str = "table") -> list[str]:
    """The necessary footnotes of a leaderboard."""
    found = proxy_note(frame)
    if form in MARK_NOTES:
        found.append(
            f"SROCC, {MARK_NOTES[form]}, only where `iqabench compare` finds a model better than "
            "the next; unmarked rows are not shown to differ"
        )
    if (frame["init"] == "random").any():
        found.append("* trained from random weights (--init random)")
    found += _part_notes(frame)
    found += _shared_notes(frame)
    found += noise.unranked(records(frame))
    if len(frame) and frame["contents"].min() < FEW_CONTENTS:
        found.append(FEW_NOTE)
    return found


def _part_notes(frame: pd.DataFrame) -> list[str]:
    """What rows with a part of the pictures are worth, and a line for each of them."""
    parts = [
        f"{row['model']} scored {part} of {row['test']} ({row['protocol']})"
        for row in records(frame)
        if (part := part_text(row))
    ]
    if not parts:
        return []
    general = (
        f"{PARTIAL} numbers of the scored pictures alone: no rank among rows of other pictures; "
        "`iqabench compare` judges two models by the pictures that both scored"
    )
    return [general, *dict.fromkeys(parts)]


def _shared_notes(frame: pd.DataFrame) -> list[str]:
    """The results of the leakage audit; equal lines are given once."""
    found = []
    for row in records(frame):
        if row["seen"] != "-":
            found.append(f"seen: the weights of {row['model']} were made from {row['seen']}")
        elif row["shared"]:
            names = row["shared_contents"].split(SEPARATOR)
            more = len(names) - MOST_NAMED
            where = row["train"] if row["train"] != "-" else "what the weights were made from"
            found.append(
                f"shared: {row['shared']} contents of {row['test']} are also in {where}"
                + (" and left out: " if row["shared_excluded"] else ": ")
                + ", ".join(names[:MOST_NAMED])
                + (f" and {more} more" if more > 0 else "")
            )
    unknown = [row["model"] for row in records(frame) if row["shared"] is None]
    if unknown:
        found.append(f"shared ?: not known what {', '.join(dict.fromkeys(unknown))} has seen")
    return list(dict.fromkeys(found))


def _shared(row: Row) -> str:
    if row["shared"] is None:
        return "?"
    if row["seen"] != "-":
        return "seen"
    left_out = " left out" if row["shared_excluded"] else f"/{row['contents']}"
    return f"{row['shared']}{left_out}"
