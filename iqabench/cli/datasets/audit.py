"""``iqabench datasets audit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import iqabench
from iqabench.cli.options import (
    catalog_option,
    counted,
    emit,
    quiet_option,
    session,
    table_options,
    writable,
)
from iqabench.report.tables import visible

if TYPE_CHECKING:
    from iqabench import Audit

COLUMNS = (
    "set",
    "content",
    "picture",
    "other set",
    "other content",
    "other picture",
    "found by",
    "hash bits",
    "inliers",
    "correlation",
    "mirrored",
)


@click.command("audit")
@click.argument("datasets", nargs=-1, required=True, metavar="SETS...")
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    metavar="FILE",
    callback=writable,
    help="Draw the pairs side by side, as a PNG.",
)
@click.option(
    "--scenes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    callback=writable,
    help="Write the pictures of each set that pairs join into one scene, as CSV: image,scene.",
)
@quiet_option
@catalog_option
@table_options
def command(
    datasets: tuple[str, ...],
    figure: Path | None,
    scenes: Path | None,
    quiet: bool,
    catalog: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """List pictures that show the same content; docs/leakage.md says how they are found.

    SETS are written as for `iqabench run --datasets`: kadid:live,csiq compares kadid with live and
    with csiq; live compares the different contents of live.
    """
    audits = iqabench.audit_datasets(datasets, session=session(catalog=catalog, quiet=quiet))
    emit([row for one in audits for row in _rows(one)], form, output, list(COLUMNS))
    for one in audits:
        click.echo(visible(_summary(one)), err=True)
    if scenes is not None:
        groups = [group for one in audits if one.second is None for group in one.scenes()]
        table = [
            {"image": image, "scene": f"scene-{number:04d}"}
            for number, group in enumerate(groups, 1)
            for image in group
        ]
        emit(table, "csv", scenes, ["image", "scene"])
        click.echo(
            f"{counted(len(groups), 'scene')} of {counted(len(table), 'picture')} in {scenes}",
            err=True,
        )
    if figure is not None:
        drawn = iqabench.draw_pairs([pair for one in audits for pair in one.pairs], figure)
        click.echo(f"wrote {figure}" if drawn else "no pairs, no figure", err=True)


def _rows(audit: Audit) -> list[dict[str, Any]]:
    rows = []
    for pair in audit.pairs:
        evidence = pair.evidence
        values = (
            audit.first,
            pair.first.content,
            pair.first.name,
            audit.second or audit.first,
            pair.second.content,
            pair.second.name,
            evidence.found_by,
            evidence.bits,
            evidence.inliers,
            evidence.correlation,
            "yes" if evidence.mirrored else "no",
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def _summary(audit: Audit) -> str:
    here = {pair.first.content for pair in audit.pairs}
    there = {pair.second.content for pair in audit.pairs}
    if audit.second is None:
        found = f"{audit.first}: {counted(len(here | there), 'content')} with pictures of another"
    else:
        found = (
            f"{audit.first} and {audit.second}: {counted(len(here), 'content')} of {audit.first} "
            f"and {len(there)} of {audit.second} share pictures"
        )
    unread = f"; unreadable pictures: {len(audit.unreadable)}" if audit.unreadable else ""
    compared = " and ".join(map(str, audit.pictures))
    return f"{found} ({compared} pictures compared){unread}"
