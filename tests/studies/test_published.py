"""Published results on a data set, measured again beside the printed numbers."""

import json
import math

import numpy as np
import pytest
import recent_trees
from PIL import Image
from scipy import stats

import iqabench
from iqabench import Session, plan_reproduction, reproduce
from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.protocols.choices import Choices
from iqabench.studies import printed
from iqabench.studies.reproduce import tables

# SROCC as the readme gives it, to three digits: of its first and of its second table.
PRINTED = {
    "BRISQUE": (0.604, 0.603),
    "NIQE": (0.267, 0.356),
    "PIQE": (0.180, 0.213),
    "ResNet-50": (0.647,),
    "VGG16": (0.600,),
    "MobileNet-V2": (0.619,),
    "DenseNet-201": (0.636,),
    "EfficientNet-b0": (0.572,),
    "Inception-ResNet-V2": (0.662,),
    "NASNet-Large": (0.673, 0.673),
    "DIIVINE": (0.617,),
    "BLIINDS-II": (0.496,),
    "IL-NIQE": (0.461,),
    "ENIQA": (0.634,),
    "NBIQA": (0.642,),
    "PIQI": (0.670,),
    "SGL-IQA": (0.71,),
    "DeepEns": (0.792,),
}
SIZE, FIRST = 112, 1200
SUBSETS = ("ss01", "ss02", "ss03")
CHOICES = Choices(tiny=True, init="random")


def paint(path, twin):
    """A picture of its own, the noisier the later its number; the twin shows another's scene."""
    subset, number = path.rpartition("/")[2].removesuffix(path[-4:]).split(" ")
    number = int(number.strip("()")) - FIRST
    scene = np.random.default_rng([SUBSETS.index(subset), twin.get(path, number)])
    coarse = Image.fromarray(scene.integers(0, 256, (14, 14, 3), dtype=np.uint8))
    picture = np.asarray(coarse.resize((SIZE, SIZE), Image.Resampling.BICUBIC), dtype=float)
    noise = np.random.default_rng(number).normal(0, number, picture.shape)
    return Image.fromarray((picture + noise).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """A tree of 30 pictures of each subset, one of which repeats the scene of another part."""
    folder = tmp_path_factory.mktemp("biq2021")
    names = [
        f"{subset} ({number}).jpg" for subset in SUBSETS for number in range(FIRST, FIRST + 30)
    ]
    whole = recent_trees.biq2021(folder / "names", contents=names)
    lines = (folder / "names" / "Test (Images and MOS).csv").read_text().splitlines()[1:]
    tested = {line.split(",")[0] for line in lines}
    assert len(whole) == 90 and len(tested) > 9
    first = next(name for name in names if name in tested and name.startswith("ss03"))
    other = next(name for name in names if name not in tested and name.startswith("ss03"))
    twin = {f"Images/{first}": int(other.split("(")[1].split(")")[0]) - FIRST}
    recent_trees.biq2021(folder / "tree", names, lambda name: paint(name, twin))
    file = folder / "catalog.yaml"
    file.write_text(f"datasets:\n  biq2021: {{root: {folder / 'tree'}}}\n")
    return file, f"Images/{first}"


@pytest.fixture(scope="module")
def session(catalog, tmp_path_factory):
    return Session(catalog[0], store=tmp_path_factory.mktemp("published") / "store")


@pytest.fixture(scope="module")
def lines(session):
    models = ["brisque", "niqe", "piqe", "biosiqnet-lite"]
    done = reproduce("biq2021", models=models, choices=CHOICES, session=session)
    return {row["row"]: row for row in done.rows}


def scored(session, model):
    """Labels and predictions of the official test part, from the table of all predictions."""
    found = iqabench.Results(session).predictions()
    return found[(found["protocol"] == "official") & (found["model"] == model)]


def srocc(table):
    return stats.spearmanr(table["prediction"], table["quality"]).statistic


def test_printed_numbers_are_those_of_the_readme():
    (table,) = tables("biq2021", Session())
    rows = {row.label: row for row in table.rows}
    for name, expected in PRINTED.items():
        row = rows[name]
        numbers = [row.published["srocc"], *filter(None, [row.also_published.get("srocc")])]
        assert numbers == pytest.approx(expected, abs=6e-4)
    assert rows["NIQE"].weights == "published"
    assert all(row.model or row.why_absent for row in table.rows)


def test_a_row_without_a_model_says_why(catalog, session):
    row = next(row for row in tables("biq2021", session)[0].rows if row.label == "DIIVINE")
    line = printed.line(row, row.why_absent, {}, None, None)
    assert line["srocc printed"] == 0.617 and math.isnan(line["srocc here"])
    assert line["note"].startswith("not measured here: no implementation is registered")


@pytest.mark.parametrize(
    ("row", "model", "first", "also"),
    [("BRISQUE", "brisque", 0.6039, 0.603), ("PIQE", "piqe", 0.1796, 0.213)],
)
def test_measured_stands_beside_both_printed_numbers(lines, session, row, model, first, also):
    row, expected = lines[row], srocc(scored(session, model))
    assert (row["srocc printed"], row["srocc also printed"]) == (first, also)
    assert row["srocc here"] == pytest.approx(expected)
    assert row["srocc difference"] == pytest.approx(expected - first)
    assert row["srocc here low"] < expected < row["srocc here high"]


@pytest.mark.parametrize("row", ["BRISQUE", "biosiqnet-lite"])
def test_subsets_and_their_mean_are_measured(lines, session, row):
    model = row.lower()
    parts = {name: srocc(part) for name, part in scored(session, model).groupby("distortion")}
    assert set(parts) == set(SUBSETS)
    for name, expected in parts.items():
        assert lines[row][f"srocc {name}"] == pytest.approx(expected)
        assert lines[row][f"srocc {name} low"] < lines[row][f"srocc {name} high"]
    assert lines[row]["srocc mean of 3"] == pytest.approx(np.mean(list(parts.values())))
    assert lines[row]["srocc mean of 3 low"] < lines[row]["srocc mean of 3 high"]


def test_niqe_takes_its_published_weights(lines):
    assert "niqe is not fitted here" in lines["NIQE"]["note"]
    assert math.isfinite(lines["NIQE"]["srocc here"])


def test_only_rows_of_the_named_models_are_taken(lines, session):
    assert set(lines) == {"BRISQUE", "NIQE", "PIQE", "biosiqnet-lite"}
    with pytest.raises(UnknownNameError, match="brisk"):
        reproduce("biq2021", models="brisk", session=session)


def test_shared_scenes_are_left_out_of_every_row(lines, catalog, session):
    models = ["brisque", "piqe"]
    options = {"exclude_shared": True, "choices": CHOICES, "session": session}
    done = reproduce("biq2021", models=models, **options)
    for row in done.rows:
        table = scored(session, row["row"].lower())
        kept = table[table["image"] != catalog[1]]
        assert len(kept) == len(table) - 1
        assert row["srocc here"] == pytest.approx(srocc(kept))
        assert "without 1 content that training has, too" in row["note"]
    (alone,) = reproduce("biq2021", models="piqe", **options).rows
    assert alone["srocc here"] == lines["PIQE"]["srocc here"]
    assert "of all pictures: no row of a model fitted here" in alone["note"]


def test_a_second_time_no_job_is_made(lines, session):
    ahead = plan_reproduction(
        "biq2021", models=["brisque", "piqe"], choices=CHOICES, session=session
    )
    assert ahead.total == "0 jobs to make, 3 done"


def test_the_command_needs_no_table_where_there_is_one(lines, catalog, session, iqabench):
    asked = ("reproduce", "biq2021", "--models", "piqe", "--catalog", catalog[0])
    at = ("--store", session.store.root, "--tiny", "--init", "random")
    code, printed, _ = iqabench(*asked, *at, "--format", "json")
    (row,) = json.loads(printed)
    assert code == 0 and row["srocc ss02"] == pytest.approx(lines["PIQE"]["srocc ss02"])
    code, printed, _ = iqabench(*asked, *at)
    assert code == 0 and "srocc mean of 3 [95%]" in printed
    code, _, said = iqabench("reproduce", "sds-iqa", *at)
    assert code == 2 and "no table is named" in " ".join(said)


def test_what_has_no_tables_says_what_has():
    with pytest.raises(UsageError, match="no tables of 'kadid'") as error:
        tables("kadid", Session())
    assert "biq2021" in error.value.hint and "biosiqnet" in error.value.hint
    with pytest.raises(UnknownNameError, match="model"):
        tables("nothing-of-the-kind", Session())
