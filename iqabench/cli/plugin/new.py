"""``iqabench plugin new``."""

from __future__ import annotations

import click

import iqabench


@click.command("new")
@click.argument("name")
@click.option(
    "--kind",
    required=True,
    type=click.Choice(iqabench.PLUGIN_KINDS),
    help="What the plugin offers.",
)
def command(name: str, kind: str) -> None:
    """Write a small, complete plugin into the folder NAME: it works at once.

    NAME is also the name of the model, data set or saliency provider.
    """
    made = iqabench.new_plugin(name, kind)
    for path in made.files:
        click.echo(f"{made.folder.name}/{path.relative_to(made.folder).as_posix()}")
    click.echo(f"\nNext:\n\n    cd {made.folder.name}")
    for line in made.next:
        click.echo(f"    {line}")
