"""``iqabench export``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.loose import loose_choices
from iqabench.cli.options import session, store_option, writable


@click.command("export")
@click.argument("model")
@loose_choices
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    callback=writable,
    help="The ONNX file to write.",
)
@store_option
def command(
    model: str,
    weights: str,
    overrides: tuple[str, ...],
    output: Path,
    store: Path | None,
) -> None:
    """Write the network MODEL with its weights as an ONNX file.

    `iqabench score --backend onnx --weights FILE IMAGES` then scores without torch. The file takes
    RGB pictures in [0, 1] and is compared with the network before it is written.
    """
    facts = iqabench.export_onnx(
        model,
        output,
        set=overrides,
        choices=iqabench.Choices(weights=weights),
        session=session(store=store, device="cpu", quiet=True),
    )
    maps = ", ".join(facts["maps"])
    click.echo(f"wrote {output}: {facts['name']}" + (f", maps {maps}" if maps else ""), err=True)
