"""``iqabench rerun``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit, quiet_option, session, store_option, table_options
from iqabench.cli.run import finish
from iqabench.contract.errors import UsageError

YAML = (".yaml", ".yml")


@click.command("rerun")
@click.argument("run", required=False)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Make the run's jobs in another store [default: its own, which has them].",
)
@quiet_option
@store_option
@table_options
def command(
    run: str | None,
    into: Path | None,
    quiet: bool,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Run again what RUN ran; its name may be shortened. Without RUN, list all runs.

    `-o FILE.yaml` runs nothing and writes the file that `iqabench run --config` takes.
    """
    with_these = session(store=store, quiet=quiet)
    to_file = output is not None and form is None and output.suffix.lower() in YAML
    if run is None:
        if into is not None or to_file:
            what = "--into" if into is not None else f"-o {output}"
            raise UsageError(
                f"{what} is about one run", "name the run; `iqabench rerun` lists them"
            )
        emit([vars(one) for one in iqabench.list_runs(session=with_these)], form, output)
        return
    if output is not None and to_file:
        iqabench.write_config(run, output, session=with_these)
        click.echo(f"wrote {output}", err=True)
        return
    options = iqabench.find_run(run, session=with_these).options
    again = iqabench.rerun(options, session=session(store=into or store, quiet=quiet))
    finish(again, options.exclude_shared, options.mapping, form=form, output=output, quiet=quiet)
