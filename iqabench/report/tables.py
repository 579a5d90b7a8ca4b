"""Prints any table as text, CSV, Markdown, LaTeX or JSON, or writes it as Parquet."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.kit.fixations import TRUTH_SIGMA
from iqabench.report import noise
from iqabench.report.evaluations import WITHOUT_SHARED
from iqabench.report.leaderboard import SEPARATOR
from iqabench.report.marks import BEST, SECOND
from iqabench.store.folder import write_atomically

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.report.noise import Band
    from iqabench.report.ranks import Ranking

FORMATS = ("table", "csv", "markdown", "latex", "json")
"""Of text."""
PARQUET = "parquet"
PROXY = "proxy labels: quality comes from a full-reference measure, not from people"
MOST_NAMED = 10
"""Contents that a footnote names."""
FEW_CONTENTS = 30
"""Simulations of percentile intervals over contents found true sizes of .08 to .14 below this."""
FEW_NOTE = (
    f"intervals resample contents; with fewer than {FEW_CONTENTS} of them they are too narrow"
)
_USUAL_RECIPES = {"own", "-", "?"}
_TABULATE = {"table": "simple", "markdown": "github", "latex": "latex_booktabs"}
_OPEN = {BEST: "\ue000", SECOND: "\ue001"}
_CLOSE = {BEST: "\ue002", SECOND: "\ue003"}
"""Stand for a mark until a cell has been escaped; no text has these letters for private use."""
_MARKS = {
    "markdown": {BEST: ("**", "**"), SECOND: ("_", "_")},
    "latex": {BEST: (r"\textbf{", "}"), SECOND: (r"\underline{", "}")},
}
_MARK_NOTES = {
    "markdown": "bold: best; italic: second best",
    "latex": "bold: best; underlined: second best",
}


def render(rows: list[dict[str, Any]], form: str, columns: list[str] | None = None) -> str:
    """Rows in one of :data:`FORMATS`; numbers keep their precision in CSV and JSON."""
    columns = columns or (list(rows[0]) if rows else [])
    if form == "json":
        return json.dumps([_plain(row) for row in rows], indent=1, ensure_ascii=False)
    if form == "csv":
        return _csv(rows, columns)
    from tabulate import tabulate

    body = [[_text(row.get(column)) for column in columns] for row in rows]
    if form == "markdown":
        body = [[cell.replace("|", r"\|") for cell in line] for line in body]
    text = tabulate(body, headers=columns, tablefmt=_TABULATE[form], disable_numparse=True)
    for mark, (opening, closing) in _MARKS.get(form, {}).items():
        text = text.replace(_OPEN[mark], opening).replace(_CLOSE[mark], closing)
    return text


def annotated(text: str, form: str, notes: Sequence[str]) -> str:
    """A table with footnotes below it: comments in LaTeX, none where a program reads it."""
    if not notes or form not in ("markdown", "latex"):
        return text
    start = "- " if form == "markdown" else "% "
    return "\n".join([text, "", *(start + note for note in notes)])


def write_parquet(rows: list[dict[str, Any]], path: Path, columns: list[str] | None = None) -> None:
    """Rows as a Parquet file; a column of several kinds becomes one of strings."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = columns or (list(rows[0]) if rows else [])
    made = {column: _parquet_column([row.get(column) for row in rows]) for column in columns}
    write_atomically(path, lambda part: parquet.write_table(pa.table(made), part))


def write_frame(frame: pd.DataFrame, form: str, path: Path) -> None:
    """A frame of any length as a file, CSV or Parquet."""
    save = frame.to_csv if form == "csv" else frame.to_parquet
    write_atomically(path, lambda part: save(part, index=False))


def _parquet_column(values: list[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame's rows as plain dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def short(frame: pd.DataFrame, marks: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """A leaderboard in the few columns that fit a screen; intervals stand beside their means.

    Recipes are a column where any is not the model's own.

    ``marks`` of :func:`iqabench.report.marks.marks`, one for each row, are for Markdown and LaTeX.
    """
    usual = set(frame["recipe"]) <= _USUAL_RECIPES
    rows = []
    for row, mark in zip(records(frame), marks or [""] * len(frame), strict=True):
        rows.append(
            {
                "model": str(row["model"]) + ("*" if row["init"] == "random" else ""),
                "train": row["train"],
                **({} if usual else {"recipe": row["recipe"]}),
                "test": row["test"] + (" (proxy labels)" if row["labels"] == "proxy" else ""),
                "SROCC [95%]": _interval(row, "srocc", mark),
                "PLCC [95%]": _interval(row, "plcc"),
                "PLCC mapped": _number(row["plcc_mapped_mean"]),
                "KROCC": _number(row["krocc_mean"]),
                "RMSE mapped": _number(row["rmse_mapped_mean"]),
                "runs": f"{row['repetitions'] - row['failed']}/{row['repetitions']}",
                "coverage": _share(row["coverage"]),
                "shared": _shared(row),
                "ms/image": _milliseconds(row["seconds_per_image"]),
            }
        )
    return rows


def without_config(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for a screen: without hashes, and with "-" for what is not defined."""
    return [
        {key: "-" if value != value else value for key, value in row.items() if key != "config"}
        for row in records(frame)
    ]


def notes(frame: pd.DataFrame, form: str = "table") -> list[str]:
    """The footnotes that a leaderboard must carry."""
    found = _proxy_note(frame)
    if form in _MARKS:
        found.append(
            f"SROCC, {_MARK_NOTES[form]}, only where `iqabench compare` finds a model better than "
            "the next; unmarked rows are not shown to differ"
        )
    if (frame["init"] == "random").any():
        found.append("* trained from random weights (--init random)")
    found += _shared_notes(frame)
    found += noise.unranked(records(frame))
    if len(frame) and frame["contents"].min() < FEW_CONTENTS:
        found.append(FEW_NOTE)
    return found


def _shared_notes(frame: pd.DataFrame) -> list[str]:
    """What the leakage audit found, once for each set of contents."""
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
                + (" and left out: " if _without_shared(row) else ": ")
                + ", ".join(names[:MOST_NAMED])
                + (f" and {more} more" if more > 0 else "")
            )
    unknown = [row["model"] for row in records(frame) if row["shared"] is None]
    if unknown:
        found.append(f"shared ?: not known what {', '.join(dict.fromkeys(unknown))} has seen")
    return list(dict.fromkeys(found))


def _shared(row: dict[str, Any]) -> str:
    if row["shared"] is None:
        return "?"
    if row["seen"] != "-":
        return "seen"
    left_out = " left out" if _without_shared(row) else f"/{row['contents']}"
    return f"{row['shared']}{left_out}"


def _without_shared(row: dict[str, Any]) -> bool:
    return bool(row["protocol"].endswith(WITHOUT_SHARED))


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0%}"


def waterloo_notes(frame: pd.DataFrame) -> list[str]:
    """The footnotes that a table of the Waterloo tests must carry."""
    found = [
        f"P: pairs whose labels differ by more than {frame['margin'].iloc[0]:.3g}; the paper takes "
        "those that three full-reference measures agree on",
        *_proxy_note(frame),
    ]
    if (frame["pristine"] == 0).any():
        found.append("no D where no pristine picture was scored")
    return found


def saliency_short(frame: pd.DataFrame) -> list[dict[str, str]]:
    """A summary of saliency providers for a screen: a row per metric, a column per provider."""
    from iqabench.stats.saliency import METRICS

    rows = {title: {"metric": f"{title} [95%]"} for title in METRICS.values()}
    counts = {"metric": "pictures"}
    for row in records(frame):
        counts[row["provider"]] = str(row["pictures"])
        for metric, title in METRICS.items():
            known = not math.isnan(row[f"{metric}_mean"])
            rows[title][row["provider"]] = _interval(row, metric) if known else "-"
    return [counts, *rows.values()]


def saliency_notes(pictures: pd.DataFrame) -> list[str]:
    """The footnotes that a table of saliency providers must carry."""
    found = [
        "higher is better, but for KLD (nats); IG: bits per fixation over where people look in "
        "other pictures",
        "CC, SIM, KLD: against the fixations blurred by "
        f"{TRUTH_SIGMA:.0%} of the picture's shorter side",
    ]
    if pictures["content"].nunique() < FEW_CONTENTS:
        found.append(FEW_NOTE)
    failed = pictures[pictures["error"].notna()]
    if len(failed):
        first = failed.iloc[0]
        found.append(
            f"{failed['image'].nunique()} pictures have no map, first {first['image']} "
            f"({first['provider']}): {first['error']}"
        )
    return found


def comparison_notes(frame: pd.DataFrame) -> list[str]:
    """The footnotes that a comparison of models must carry."""
    from iqabench.stats.significance import PROCEDURES

    procedure = PROCEDURES[frame["procedure"].iloc[0]]
    found = [
        "a row's model against a column's: + better, - worse, = cannot be told apart, "
        "few: too few contents, ?: nothing to compare",
        f"{procedure.title}, two-sided at 0.05; p is corrected by Holm's rule over the pairs of "
        "one test set and protocol",
        f"it assumes: {procedure.assumes}",
    ]
    if procedure.fault:
        found.append(f"its fault: {procedure.fault}")
    if frame["contents"].min() < FEW_CONTENTS:
        found.append(FEW_NOTE)
    return [*found, *_proxy_note(frame), *(f"not compared: {one}" for one in frame.attrs["alone"])]


def breakdown_notes(frame: pd.DataFrame) -> list[str]:
    """The footnotes that a table of agreement by distortion or level must carry."""
    return ["-: too few pictures, or all equal", *_proxy_note(frame)]


def ranks_notes(ranking: Ranking) -> list[str]:
    """What the tests of a ranking say, and what does not count in it."""
    found, models = ranking.friedman, len(ranking.scores)
    tests = ranking.scores.shape[1]
    lines = [
        f"Friedman: chi2({models - 1}) = {found.chi2:.2f}, p = {found.p:.3g}, by permutation "
        f"{found.p_permuted:.3g}",
        f"Iman-Davenport: F({models - 1}, {(models - 1) * (tests - 1)}) = {found.f:.2f}, "
        f"p = {found.p_f:.3g}",
        f"Nemenyi: ranks differ at .05 by more than {ranking.critical_difference:.2f}; blocks are "
        f"the {tests} test sets",
        *(f"cannot be told apart: {', '.join(clique)}" for clique in ranking.cliques),
        *ranking.remarks,
    ]
    return [*lines, *([f"{PROXY} ({', '.join(ranking.proxy)})"] if ranking.proxy else [])]


def stress_notes(test: str, band: Band, labels: str) -> list[str]:
    """The footnotes that a stress study of a model on a test set must carry."""
    if math.isnan(band.width):
        return [f"no noise band on {test}: no change that should not matter was made"]
    line = (
        f"noise band on {test}: SROCC {band.low:.3f} to {band.high:.3f}, {band.width:.3f} wide, "
        f"over {band.changes} immaterial changes"
    )
    return [line, *([PROXY] if labels == "proxy" else [])]


def short_raters(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table of models beside their raters in the columns that fit a screen."""
    rows = []
    for row in records(frame):
        correlations = {
            metric.upper(): f"{_number(row[metric])} of {_number(row[f'{metric}_ceiling'])} "
            f"({_share(row[f'{metric}_share'])})"
            for metric in ("srocc", "plcc")
        }
        pairs = {
            name: f"{_number(row[key])} [{_number(row[f'{key}_low'])}, "
            f"{_number(row[f'{key}_high'])}]"
            for name, key in (("AUC DS", "auc_ds"), ("AUC BW", "auc_bw"), ("C0", "c0"))
        }
        rows.append(
            {
                **{key: row[key] for key in ("model", "train", "test")},
                **correlations,
                "panel": _number(row["srocc_panel"]),
                "outliers": _share(row["outlier_ratio"]),
                "RMSE*": _number(row["rmse_star"]),
                **pairs,
            }
        )
    return rows


def raters_notes(z: float) -> list[str]:
    """The footnotes that a table of models beside their raters must carry."""
    return [
        "of: what a perfect model would reach, given the raters' scatter; panel: the SROCC of "
        "another panel of as many",
        f"pairs differ for people above {z:g} standard errors; AUC DS: different or similar, AUC "
        "BW and C0: which is better",
    ]


def _proxy_note(frame: pd.DataFrame) -> list[str]:
    if not (frame["labels"] == "proxy").any():
        return []
    return [PROXY]


def _interval(row: dict[str, Any], metric: str, mark: str = "") -> str:
    mean, low, high = (_number(row[f"{metric}_{part}"]) for part in ("mean", "low", "high"))
    return f"{_OPEN.get(mark, '')}{mean}{_CLOSE.get(mark, '')} [{low}, {high}]"


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None or math.isnan(seconds) else f"{1000 * seconds:.1f}"


def _number(value: float) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """NaN is no JSON: it becomes null."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }


def _csv(rows: list[dict[str, Any]], columns: list[str]) -> str:
    import csv
    import io

    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: "" if value is None or value != value else value for key, value in row.items()}
        for row in rows
    )
    return stream.getvalue().rstrip("\n")
