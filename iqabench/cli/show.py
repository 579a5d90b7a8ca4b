"""``iqabench show``."""

from __future__ import annotations

import json
from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit, session, store_option
from iqabench.report.tables import visible


@click.command("show")
@click.argument("job", required=False)
@store_option
def command(job: str | None, store: Path | None) -> None:
    """Show what JOB did and how it ended; its name may be shortened. Without JOB, list all jobs."""
    if job is None:
        emit([vars(one) for one in iqabench.list_jobs(session=session(store=store))], None, None)
        return
    found = iqabench.find_job(job, session=session(store=store))
    record = found.record.model_dump(mode="json", exclude={"traceback"}, exclude_none=True)
    click.echo(visible(json.dumps(record, indent=2, ensure_ascii=False), keep="\n"))
    click.echo(
        f"files in {found.folder}: "
        + ", ".join(sorted(path.name for path in found.folder.iterdir()))
    )
    if found.record.traceback:
        click.echo(visible(found.record.traceback.rstrip(), keep="\n\t"))
