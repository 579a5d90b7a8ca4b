"""Writes the split of the studies on BIQ2021: few training pictures, all official test pictures.

    python training/lite/study_split.py BIQ2021 study.json [--pictures 1200]

Training and validation pictures are of the official training part and show no scene that its test
part shows. Validation scenes are those with which the shipped weights were chosen.
"""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd
from material import people

from iqabench.api.session import Session
from iqabench.data.splits import Split, save, shuffled

VALIDATION = 100
TRAINING_SEED, VALIDATION_SEED = 21, 22


@click.command()
@click.argument("biq2021", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--pictures", default=1200, show_default=True, help="Of the training part.")
def main(biq2021: Path, file: Path, pictures: int) -> None:
    """Write the split to FILE."""
    rated = people(biq2021)
    table = Session().dataset("biq2021", biq2021).table
    test = table.loc[table["official_split"] == "test", "content"]
    split = Split(
        "biq2021",
        first(rated[rated["part"] == "training"], pictures, TRAINING_SEED),
        first(rated[rated["part"] == "validation"], VALIDATION, VALIDATION_SEED),
        tuple(sorted(set(test))),
    )
    save(split, file)


def first(rated: pd.DataFrame, pictures: int, seed: int) -> tuple[str, ...]:
    """Whole contents in the order of a hash, until they have so many pictures."""
    counts, found, held = rated["content"].value_counts(), list[str](), 0
    for content in shuffled(map(str, rated["content"]), seed):
        if held >= pictures:
            break
        found.append(content)
        held += int(counts[content])
    return tuple(sorted(found))


if __name__ == "__main__":
    main()
