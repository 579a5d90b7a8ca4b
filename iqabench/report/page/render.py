"""Fills the page's template; all text from a store is escaped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from iqabench.report import leaderboard
from iqabench.report.html_page import rendered
from iqabench.report.page import axes
from iqabench.report.page import panels as drawing
from iqabench.report.page import ranking as ranks
from iqabench.report.page.panels import Panel
from iqabench.report.page.pictures import Album, Key


def html(*, panels: Sequence[Panel], album: Album, **parts: Any) -> str:
    """The page as text; ``parts`` have the names that the template uses."""
    of_test: dict[str, list[Panel]] = defaultdict(list)
    of_set: dict[Key, Panel] = {}
    for panel in panels:
        of_test[panel.group.record.test].append(panel)
        of_set.setdefault(panel.key, panel)
    return rendered(
        ["iqabench.report.page"],
        "page.html",
        "script.js",
        resamples=leaderboard.RESAMPLES,
        axes=axes,
        drawing=drawing,
        ranks=ranks,
        panels=of_test,
        incomplete=[panel.row for panel in panels if panel.row["coverage"] < 1],
        album=album,
        set_numbers={key: number for number, key in enumerate(of_set)},
        captions=[album.captions(panel) for panel in of_set.values()],
        **parts,
    )
