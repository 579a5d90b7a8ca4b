"""The leaderboard for a screen: the columns that fit it, and the footnotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UnknownNameError
from iqabench.report import noise, undefined
from iqabench.report.leaderboard import COLUMNS, PENDING, SEPARATOR
from iqabench.report.metrics import METRICS
from iqabench.report.tables import (
    FEW_CONTENTS,
    FEW_NOTE,
    MARK_NOTES,
    PARTIAL,
    Row,
    counted,
    interval_text,
    mapping_note,
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
_RISING = ("rmse", "outlier_ratio", "failed", "shared", "seconds_per_image", "noise_band")
_SMALL_IS_GOOD = ("parameters", "srocc_error")
_USUAL_RECIPES = {"own", NONE, UNKNOWN}


def short(frame: pd.DataFrame, marks: Sequence[str] | None = None) -> list[Row]:
    """The rows of a leaderboard with the few columns that fit a screen.

    Intervals are in the cells of their means. The column ``recipe`` is present only if a recipe is
    not the model's own, the column ``protocol`` only if a test set has results of several or if
    metrics are means over groups of pictures, as its cells then say.

    Args:
        frame: the leaderboard.
        marks: one mark per row, from :func:`iqabench.report.marks.marks`, for Markdown and LaTeX.
    """
    usual = set(frame["recipe"]) <= _USUAL_RECIPES
    one_protocol = len(frame[["test", "protocol"]].drop_duplicates()) == frame["test"].nunique()
    one_protocol &= bool((frame["within"] == NONE).all())
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
                **({} if one_protocol else {"protocol": row["protocol"]}),
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


def sortable(name: str) -> str:
    """The column of the leaderboard by which ``--sort NAME`` sorts: a metric stands for its mean.

    Raises:
        UnknownNameError: there is no such column.
    """
    column = f"{name}_mean" if name in METRICS else name
    if column not in COLUMNS:
        raise UnknownNameError("column to sort by", name, [*METRICS, *COLUMNS])
    return column


def places(frame: pd.DataFrame, sort: str, failed: bool) -> list[int]:
    """The places of a leaderboard's rows to show, in their new order.

    Rows are sorted within their test set and protocol, the best first and undefined values last:
    errors, times and sizes rise, other numbers fall, and text is in the order of its letters.

    Args:
        frame: the leaderboard.
        sort: a name that :func:`sortable` knows.
        failed: whether to keep only rows with failed repetitions.
    """
    column = sortable(sort)
    rising = column.startswith(_RISING) or column in _SMALL_IS_GOOD

    def key(place: int) -> tuple[Any, ...]:
        row = frame.iloc[place]
        value, where = row[column], (row["test"], row["protocol"])
        if value is None or value != value or (column == "shared" and value == PENDING):
            return (*where, 1, 0)
        if isinstance(value, str):
            return (*where, 0, value)
        return (*where, 0, float(value) if rising else -float(value))

    kept = [place for place in range(len(frame)) if not failed or frame["failed"].iloc[place]]
    return sorted(kept, key=key)


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
    found += _skipped_notes(frame)
    found += _group_notes(frame)
    found += mapping_note(frame)
    found += _part_notes(frame)
    found += _shared_notes(frame)
    found += [
        line
        for line in frame.attrs.get("repeated", [])
        if line.startswith(tuple(f"{name} is " for name in frame["model"]))
    ]
    found += _speed_notes(frame)
    found += undefined.footnotes(records(frame))
    found += noise.unranked(records(frame))
    if len(frame) and frame["contents"].min() < FEW_CONTENTS:
        found.append(FEW_NOTE)
    return found


def _group_notes(frame: pd.DataFrame) -> list[str]:
    """What metrics within groups are, and how many groups each row lacks."""
    from iqabench.stats.agreement import MIN_SAMPLES

    rows = [row for row in records(frame) if row["within"] != NONE]
    if not rows:
        return []
    column = rows[0]["within"]
    return [
        f"within {column}: each metric is computed within each {column} and averaged over them",
        *(
            f"{row['model']} on {row['test']} ({row['protocol']}): {row['groups_left_out']} left "
            f"out, with fewer than {MIN_SAMPLES} scored pictures or with equal values"
            for row in rows
            if row["groups_left_out"]
        ),
    ]


def _speed_notes(frame: pd.DataFrame) -> list[str]:
    """On what the times per image were measured, and why some were not."""
    who: dict[str, list[str]] = {}
    for row in records(frame):
        who.setdefault(row["timed_on"], []).append(row["model"])
    unmeasured = who.pop("", None)
    found = [
        f"ms/image{f' of {_listed(models)}' if len(who) > 1 else ''}: the model alone, on {told}"
        for told, models in who.items()
    ]
    if unmeasured:
        found.append(
            f"ms/image -: not measured for {_listed(unmeasured)}: scores from elsewhere or from an "
            "earlier release, features from a cache, or no score"
        )
    return found


def _listed(models: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(models))


def _skipped_notes(frame: pd.DataFrame) -> list[str]:
    """The numbers of unreadable pictures that training left out; equal lines are given once."""
    found = []
    for row in records(frame):
        if row["skipped"] != "-":
            count = len(row["skipped"].split(SEPARATOR))
            pictures = "1 unreadable picture" if count == 1 else f"{count} unreadable pictures"
            found.append(f"{pictures} of {row['train']} left out of training")
    return list(dict.fromkeys(found))


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
        elif row["shared"] == PENDING:
            found.append(
                f"shared pending: {row['train']} and {row['test']} have yet to be audited; the end "
                "of `iqabench run` does it, or --exclude-shared"
            )
        elif row["shared"]:
            names = row["shared_contents"].split(SEPARATOR)
            more = len(names) - MOST_NAMED
            known = f"{counted(row['shared'], 'content')} of {row['test']}"
            where = row["train"] if row["train"] != "-" else "what the weights were made from"
            found.append(
                f"shared: {known} {'is' if row['shared'] == 1 else 'are'} also in {where}"
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
    if row["shared"] == PENDING:
        return PENDING
    if row["seen"] != "-":
        return "seen"
    left_out = " left out" if row["shared_excluded"] else f"/{row['contents']}"
    return f"{row['shared']}{left_out}"
