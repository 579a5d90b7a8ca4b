"""Fills the page's template; all text from a store is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from iqabench.report import leaderboard
from iqabench.report.page import panels as drawing
from iqabench.report.page import ranking as ranks
from iqabench.report.page.panels import Panel
from iqabench.report.page.pictures import Album, Key
from iqabench.store.fingerprints import package_version


def html(*, panels: Sequence[Panel], album: Album, **parts: Any) -> str:
    """The page as text; ``parts`` have the names that the template uses.

    The page's security policy allows the script by its hash, so that no other script can run.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("iqabench.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = environment.get_template("script.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    of_test: dict[str, list[Panel]] = defaultdict(list)
    of_set: dict[Key, Panel] = {}
    for panel in panels:
        of_test[panel.group.record.test].append(panel)
        of_set.setdefault(panel.key, panel)
    return environment.get_template("page.html").render(
        script=script,
        script_hash=f"sha256-{digest}",
        version=package_version("iqabench"),
        resamples=leaderboard.RESAMPLES,
        drawing=drawing,
        ranks=ranks,
        panels=of_test,
        incomplete=[panel.row for panel in panels if panel.row["coverage"] < 1],
        album=album,
        set_numbers={key: number for number, key in enumerate(of_set)},
        captions=[album.captions(panel) for panel in of_set.values()],
        **parts,
    )
