"""``iqabench import``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

import iqabench
from iqabench.cli.options import catalog_option, columns_option, emit_table, session, store_option


@click.command("import")
@click.argument("scores", type=click.Path(path_type=Path))
@click.option("--model", required=True, metavar="NAME", help="The name to show.")
@click.option("--dataset", required=True, metavar="NAME", help="The data set that was scored.")
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    default="higher",
    show_default=True,
    help="Whether a higher score means better quality.",
)
@click.option(
    "--seeds",
    type=int,
    metavar="N",
    help="Judge also on the test parts of N repetitions of the set's own protocol.",
)
@columns_option("image", "score")
@store_option
@catalog_option
def command(
    scores: Path,
    model: str,
    dataset: str,
    direction: Literal["higher", "lower"],
    seeds: int | None,
    columns: dict[str, str | int],
    store: Path | None,
    catalog: Path | None,
) -> None:
    """Bring in scores made elsewhere: a file with the columns image and score.

    It is delimited text, JSON, JSON Lines, Parquet or xlsx, plain or packed.
    """
    results = iqabench.import_scores(
        scores,
        model,
        dataset,
        direction=direction,
        seeds=seeds,
        columns=columns,
        session=session(catalog=catalog, store=store),
    )
    emit_table(results.tables.leaderboard(), "table", None)
