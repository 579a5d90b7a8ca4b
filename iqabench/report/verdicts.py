"""Results of a comparison of two models: a verdict, a sentence for a paper, and a win matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iqabench.report.tables import part_text
from iqabench.store.records import NONE

if TYPE_CHECKING:
    import pandas as pd

BETTER, WORSE = "better", "worse"
ALIKE = "cannot be told apart"
TOO_FEW = "too few contents"
NOTHING = "nothing to compare"
MARKS = {BETTER: "+", WORSE: "-", ALIKE: "=", TOO_FEW: "few", NOTHING: "?"}
"""Verdict on the row's model against the column's model -> its mark in a win matrix."""
TURNED = {BETTER: WORSE, WORSE: BETTER}
"""Verdict on the first model -> verdict on the second; other verdicts are the same for both."""


def verdict(row: Mapping[str, Any]) -> str:
    """The verdict on a row's first model, one of the keys of :data:`MARKS`.

    The row has the columns :data:`iqabench.report.compare.COLUMNS` up to ``p_holm``.
    """
    from iqabench.stats.significance import ALPHA

    if not row["contents"]:
        return NOTHING
    if row["contents"] < _needed(row):
        return TOO_FEW
    if math.isnan(row["p"]):
        return NOTHING
    if row["p_holm"] >= ALPHA:
        return ALIKE
    return BETTER if row["advantage"] > 0 else WORSE


def sentence(row: Mapping[str, Any], with_protocol: bool = False) -> str:
    """The verdict as a sentence that a paper can use; it names the protocol on demand."""
    from iqabench.stats.significance import PROCEDURES

    a, b, found = row["a"], row["b"], row["verdict"]
    where = row["test"] + (" (proxy labels)" if row["labels"] == "proxy" else "")
    if with_protocol:
        where += f" ({row['protocol']})"
    elif row["within"] != NONE:
        where += f" within each {row['within']}"
    procedure = PROCEDURES[row["procedure"]]
    if found == NOTHING:
        return f"{a} and {b} cannot be compared on {where}: {_why_nothing(row)}"
    if found == TOO_FEW:
        return (
            f"{a} and {b} cannot be compared on {where}: {_counted(row, 'contents')}, too few for "
            f"the {procedure.title}, which needs {_needed(row)} "
            f"({'; '.join(filter(None, [_effect(row, 1), _common(row)]))})"
        )
    sign = -1 if found == WORSE else 1
    over = _counted(row, "images" if procedure.fault else "contents")
    test = ", ".join(filter(None, (procedure.title, row["detail"], over, _common(row))))
    evidence = f"{_effect(row, sign)}; {_p(row)}; {test}"
    if found == ALIKE:
        return f"{a} and {b} cannot be told apart on {where} ({evidence})"
    first, second = (a, b) if found == BETTER else (b, a)
    though = ", though its SROCC is lower" if sign * row["difference"] < 0 else ""
    return f"{first} predicts better than {second} on {where}{though} ({evidence})"


def matrix(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per model and test set: the marks of its verdicts against every other model."""
    rows: list[dict[str, Any]] = []
    for _, part in frame.groupby("family", sort=False):
        marks: dict[str, dict[str, str]] = {}
        for row in part.to_dict("records"):
            a, b, found = row["a"], row["b"], row["verdict"]
            marks.setdefault(a, {})[f"vs {b}"] = MARKS[found]
            marks.setdefault(b, {})[f"vs {a}"] = MARKS[TURNED.get(found, found)]
        for model, against in marks.items():
            shown = {f"vs {other}": against.get(f"vs {other}", "") for other in marks}
            rows.append({"test": row["test"], "protocol": row["protocol"], "model": model, **shown})
    return rows


def _needed(row: Mapping[str, Any]) -> int:
    """Number of contents below which the row's test can find no difference."""
    from iqabench.stats.by_content import MIN_CONTENTS, contents_needed

    if row["procedure"] == "content-t":
        return MIN_CONTENTS
    return contents_needed(row["pairs"]) if row["procedure"] == "sign-flip" else 1


def _why_nothing(row: Mapping[str, Any]) -> str:
    if not row["contents"]:
        return "in no repetition have both predictions that a curve can be fitted to"
    return "the test is not defined for so few or equal predictions"


def _effect(row: Mapping[str, Any], sign: int) -> str:
    if math.isnan(row["difference"]):
        return "ΔSROCC undefined"
    if math.isnan(row["low"]):
        return f"ΔSROCC {sign * row['difference']:+.3f}, no interval"
    low, high = sorted((sign * row["low"], sign * row["high"]))
    return f"ΔSROCC {sign * row['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"


def _p(row: Mapping[str, Any]) -> str:
    p = row["p_holm"]
    text = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return text if row["pairs"] < 2 else f"{text} after Holm over {row['pairs']} pairs"


def _common(row: Mapping[str, Any]) -> str:
    """The pictures that a verdict is about; empty if both models scored all of them."""
    found = part_text(row)
    return f"the {found} that both scored" if found else ""


def _counted(row: Mapping[str, Any], what: str) -> str:
    number = row[what]
    return f"{number} {what if number != 1 else what.removesuffix('s')}"
