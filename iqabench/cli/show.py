"""``iqabench show``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from iqabench.cli.options import store_option
from iqabench.contract.errors import UnknownNameError


@click.command("show")
@click.argument("job")
@store_option
def command(job: str, store: Path | None) -> None:
    """Show what a job did and how it ended; JOB may be shortened."""
    from iqabench import api

    kept = api.existing_store(store)
    matches = [known for known in kept.jobs() if known.fingerprint.startswith(job)]
    if len(matches) != 1:
        names = [known.fingerprint for known in kept.jobs()]
        raise UnknownNameError("job" if not matches else "job (several begin so)", job, names)
    record = dict(matches[0].record)
    traceback = record.pop("traceback", None)
    click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    click.echo(
        f"files in {matches[0].folder}: "
        + ", ".join(sorted(path.name for path in matches[0].folder.iterdir()))
    )
    if traceback:
        click.echo(traceback.rstrip())
