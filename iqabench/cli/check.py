"""``iqabench check``."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

import iqabench
from iqabench.cli.options import Device, catalog_option, counted, device_option, session
from iqabench.report.tables import visible

if TYPE_CHECKING:
    from iqabench import Finding

SHOWN = {"pass": "pass", "fail": "FAIL", "not applicable": "-"}
"""How a check ended, on the screen."""
RESULT, CHECK = 6, 25
"""Widths of the first two columns."""


@click.command("check")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder of a data set that is checked.",
)
@device_option
@catalog_option
def command(
    names: tuple[str, ...], root: Path | None, device: Device, catalog: Path | None
) -> None:
    """Check that a plugin's model, data set or saliency provider keeps the contract.

    NAME is what `iqabench models`, `datasets` and `saliency` list; a provider that needs options
    is NAME:KEY=VALUE. Models are checked at their toy size, and nothing is downloaded. The exit
    code is 1 if a check fails.
    """
    with_these = session(catalog=catalog, device=device, quiet=True)
    failed = 0
    for finding in _headed(iqabench.check(names, root=root, session=with_these)):
        failed += finding.failed
        for line in _lines(finding):
            click.echo(line)
    if failed:
        click.echo(f"{counted(failed, 'check')} failed", err=True)
        raise click.exceptions.Exit(1)


def _headed(found: Iterator[Finding]) -> Iterator[Finding]:
    """The findings, each subject under its name."""
    subject = ""
    for finding in found:
        if finding.subject != subject:
            subject = finding.subject
            click.echo(visible(subject))
        yield finding


def _lines(finding: Finding) -> list[str]:
    """A finding as lines that fit the terminal."""
    head = f"{SHOWN[finding.result]:{RESULT}}{finding.check:{CHECK}}"
    width = max(60, shutil.get_terminal_size().columns)
    indent = " " * (RESULT + CHECK)
    return textwrap.wrap(
        head + visible(finding.sentence),
        width,
        subsequent_indent=indent,
        drop_whitespace=True,
        break_long_words=False,
        break_on_hyphens=False,
    )
