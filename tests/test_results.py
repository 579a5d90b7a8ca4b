"""The predictions beside docs/results give the numbers of the page, and hold no labels."""

import re
import runpy
from pathlib import Path

import pandas as pd
import pytest
from public_trees import LABELS, NO_LABELS

from iqabench.stats import srocc

FOLDER = Path(__file__).parents[1] / "docs" / "results"
FILE, PAGE = FOLDER / "biq2021-predictions.parquet", FOLDER / "biq2021.md"
TEST = LABELS / "biq2021" / "Test (Images and MOS).csv"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="results are in a checkout only")
ROWS = {
    "BioSIQNet, quality alone, Lite2, every layer": ["biosiqnet-lite2"],
    "`lite0-ridge`, in bf16": ["lite0-ridge"],
    "`tiqa-lite`": ["tiqa-lite"],
    "`dor-iqa-lite`": ["dor-iqa-lite"],
    "`sgdnet-lite`": ["sgdnet-lite"],
    "`sds-iqa`": ["sds-iqa"],
    "`cnniqa`": ["cnniqa"],
    "`biosiqnet-lite-v1`": ["biosiqnet-lite-v1"],
    "`biosiqnet-lite-v2`": ["biosiqnet-lite-v2"],
    "`biosiqnet-lite-v3`": ["biosiqnet-lite-v3"],
    "`biosiqnet-lite-v4`": ["biosiqnet-lite-v4"],
    "`biosiqnet-lite-v5`": ["biosiqnet-lite-v5"],
    "quality alone (v1)": ["v1-0", "v1-1", "v1-2"],
    "with low saliency (v2)": ["v2-readout-0", "v2-readout-1", "v2-readout-2"],
    "with high saliency (v3)": ["v3-readout-0", "v3-readout-1", "v3-readout-2"],
    "with the entire map (v4)": ["v4-readout-0", "v4-readout-1", "v4-readout-2"],
    "with low and high saliency (v5)": ["v5-readout-0", "v5-readout-1", "v5-readout-2"],
    "v5, maps of the `spectral-residual`": [
        "v5-spectral-residual-0",
        "v5-spectral-residual-1",
        "v5-spectral-residual-2",
    ],
    "v5, the same `center` for all": ["v5-center-0", "v5-center-1", "v5-center-2"],
    "v5, the spectral residual's maps of other pictures (`shuffled`)": [
        "v5-shuffled-0",
        "v5-shuffled-1",
        "v5-shuffled-2",
    ],
    "v5, the readout's maps of other pictures (`shuffled:of=readout`)": [
        "v5-shuffled-readout-0",
        "v5-shuffled-readout-1",
        "v5-shuffled-readout-2",
    ],
    "v5, maps that are the same everywhere (`uniform`)": [
        "v5-uniform-0",
        "v5-uniform-1",
        "v5-uniform-2",
    ],
    "v5, quality weighs as much as saliency": [
        "v5-readout-weight1-0",
        "v5-readout-weight1-1",
        "v5-readout-weight1-2",
    ],
}
"""Row of a table of the page -> columns of the file, one for each seed."""


def test_the_figures_show_the_numbers_of_the_page(tmp_path):
    drawn = runpy.run_path(str(FOLDER / "figures.py"))
    drawn["draw"](tmp_path)
    page = PAGE.read_text("utf-8")
    for name in drawn["FIGURES"]:
        file = f"biq2021-{name}.svg"
        kept, made = (dots(folder / file) for folder in (FOLDER, tmp_path))
        assert len(kept) > 10
        assert kept == pytest.approx(made, abs=0.5), "run make drawings"
        assert page.count(f"]({file})") == 1


def dots(path):
    """Where a drawing has markers: x and y of each."""
    found = re.findall(
        r'<use xlink:href="[^"]+" x="([\d.]+)" y="([\d.]+)"', path.read_text("utf-8")
    )
    return [float(number) for one in found for number in one]


def test_predictions_are_of_the_test_part_without_labels():
    found = pd.read_parquet(FILE)
    assert list(found) == ["image", *(column for columns in ROWS.values() for column in columns)]
    assert len(found) == found["image"].nunique() == 2000
    assert found.notna().all().all()


@pytest.mark.skipif(not TEST.exists(), reason=NO_LABELS)
@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_the_numbers_of_the_predictions(row):
    labels = pd.read_csv(TEST).rename(columns={"Image Name": "name", "MOS": "quality"})
    found = pd.read_parquet(FILE)
    # One name of the label file differs from its picture's in case.
    found["key"] = found["image"].str.removeprefix("Images/").str.lower()
    joined = found.merge(labels.assign(key=labels["name"].str.lower()), on="key")
    assert len(joined) == 2000
    subsets = [part for _, part in joined.groupby(joined["key"].str[:4])]
    table = [
        [srocc(part[column], part["quality"]) for column in ROWS[row]]
        for part in [joined, *subsets]
    ]
    pooled, *each = (sum(cells) / len(cells) for cells in table)
    expected = [pooled, sum(each) / 3, *each]
    line = next(
        line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| {row} |")
    )
    printed = [float(re.findall(r"-?\.\d+", cell)[0]) for cell in line.split("|")[2:-1]]
    assert printed == pytest.approx(expected, abs=6e-4)
