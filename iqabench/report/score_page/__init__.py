"""One self-contained HTML page of scored pictures: thumbnails by score, maps, a histogram."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from iqabench.data.scored import CALIBRATED, PictureScore, Scored
from iqabench.data.thumbnails import webp_url
from iqabench.report.html_page import rendered, written
from iqabench.report.neutral import encodable

MOST = 1000
"""Most pictures with a thumbnail: the best and the worst of the first model in equal parts. Each
takes about 10 kB, and each of its maps 2 kB."""
BINS = 20
"""Bars of the histogram."""


def write(path: Path, pictures: Sequence[Scored]) -> None:
    """Write the page; a failure leaves no partial file.

    Raises:
        UsageError: the file cannot be written.
    """
    written(path, html(pictures))


def html(pictures: Sequence[Scored]) -> str:
    """The page as text. Its security policy allows no request but for data within the page."""
    return rendered(
        ["iqabench.report.score_page", "iqabench.report.page"],
        "scores.html",
        "scores.js",
        data=_json(facts(pictures)),
        count=len(pictures),
        models=_models(pictures),
        bands=_bands(pictures),
        maps=_maps(pictures),
    )


def facts(pictures: Sequence[Scored]) -> dict[str, Any]:
    """What the script draws: for each picture its names, rows and small pictures."""
    models = list(_models(pictures))
    looks = _kept(pictures)
    return {
        "models": [{"name": name, "direction": _models(pictures)[name]} for name in models],
        "bins": BINS,
        "pictures": [
            {
                "path": encodable(picture.rows[0].path),
                "notes": encodable(picture.rows[0].notes),
                "rows": [_row(row) for row in picture.rows],
                **(_look(picture) if number in looks else {}),
            }
            for number, picture in enumerate(pictures)
        ],
    }


def _row(row: PictureScore) -> dict[str, Any]:
    """A row's cells, without those that are not there."""
    cells = {name: getattr(row, name) for name in ("score", "error", *CALIBRATED)}
    return {
        name: encodable(cell) if isinstance(cell, str) else cell
        for name, cell in cells.items()
        if cell is not None
    }


def _look(picture: Scored) -> dict[str, Any]:
    if picture.look is None:
        return {}
    maps = {
        model: {name: webp_url(content) for name, content in found.items()}
        for model, found in picture.look.maps.items()
    }
    return {"thumbnail": webp_url(picture.look.thumbnail), "maps": maps}


def _kept(pictures: Sequence[Scored]) -> set[int]:
    """Numbers of the pictures whose thumbnails the page has."""
    drawn = {number for number, picture in enumerate(pictures) if picture.look is not None}
    if len(drawn) <= MOST:
        return drawn
    scores = {number: pictures[number].rows[0].score for number in drawn}
    order = sorted((score, number) for number, score in scores.items() if score is not None)
    return {number for _, number in (*order[: MOST // 2], *order[-(MOST // 2) :])}


def _models(pictures: Sequence[Scored]) -> Mapping[str, str]:
    """Model -> direction of its scores."""
    return {row.model: row.direction for picture in pictures[:1] for row in picture.rows}


def _bands(pictures: Sequence[Scored]) -> list[str]:
    """The bands that occur, the best first."""
    found: dict[str, list[float]] = {}
    for picture in pictures:
        for row in picture.rows:
            if row.band is not None and row.score is not None:
                better = row.score if row.direction == "higher" else -row.score
                found.setdefault(encodable(row.band), []).append(better)
    return sorted(found, key=lambda band: -max(found[band]))


def _maps(pictures: Sequence[Scored]) -> list[str]:
    """Names of the maps that any model predicts; what is shown first comes first."""
    looks = [picture.look for picture in pictures if picture.look is not None]
    names = dict.fromkeys(name for look in looks for maps in look.maps.values() for name in maps)
    return sorted(names, key=lambda name: name != "high")


def _json(found: Mapping[str, Any]) -> str:
    """Data for a script element, in which no text can end the element."""
    text = json.dumps(found, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")
