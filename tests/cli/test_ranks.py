import csv
import io
import json
import shutil

import numpy as np
import pytest

from iqabench import Session, import_scores

NOISES = {"good": 0.2, "fair": 1.0, "bad": 4.0}


@pytest.fixture(scope="module")
def shelf(shared_little, tmp_path_factory):
    """Three models' scores on two sets of the same pictures, rated by 20 people; only read it."""
    little, folder = shared_little, tmp_path_factory.mktemp("shelf")
    root = shutil.copytree(little.root, folder / "rated")
    with (root / "scores.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    with (root / "scores.csv").open("w") as stream:
        writer = csv.DictWriter(stream, [*rows[0], "sd", "votes"])
        writer.writeheader()
        writer.writerows({**row, "sd": 0.9, "votes": 20} for row in rows)
    text = little.catalog.read_text().replace(str(little.root), str(root))
    text = text.replace("level: strength}", "level: strength, mos_std: sd, raters: votes}")
    (head, own) = text.split("\n", 1)
    little.catalog.write_text(f"{head}\n{own}{own.replace('little:', 'twin:')}")
    random = np.random.default_rng(0)
    session = Session(little.catalog, store=folder / "store")
    for label, noise in NOISES.items():
        lines = [f"{row['file']},{float(row['score']) + random.normal(0, noise)}" for row in rows]
        path = folder / f"{label}.csv"
        path.write_text("\n".join(["image,score", *lines]))
        for name in ("little", "twin"):
            import_scores(path, label, name, session=session)
    return folder / "store"


def test_ranks(iqabench, shelf, tmp_path):
    figure = tmp_path / "cd.pdf"
    code, printed, said = iqabench("ranks", "--store", shelf, "--figure", figure)
    lines = printed.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines[2:5]] == ["good", "fair", "bad"]
    # Two sets that agree on three models: chi2 = 4, and one order of six is as high.
    assert "Friedman: chi2(2) = 4.00, p = 0.135, by permutation 0.167" in lines
    assert "cannot be told apart: good, fair, bad" in lines
    assert said == [f"figure: {figure}"] and figure.read_bytes().startswith(b"%PDF")
    rows = json.loads(iqabench("ranks", "--store", shelf, "--format", "json")[1])
    assert [row["mean_rank"] for row in rows] == [1, 2, 3]
    assert set(rows[0]) == {"model", "mean_rank", "little", "twin"}


def test_raters(iqabench, shelf):
    given = ["raters", "--dataset", "little", "--store", shelf]
    code, printed, _ = iqabench(*given)
    assert code == 0
    assert "AUC DS" in printed and "above 1.645 standard errors" in printed
    rows = list(csv.DictReader(io.StringIO(iqabench(*given, "--format", "csv")[1])))
    assert [row["model"] for row in rows] == ["good", "fair", "bad"]
    assert float(rows[0]["srocc_share"]) > float(rows[2]["srocc_share"])
    one = list(csv.DictReader(io.StringIO(iqabench(*given, "bad", "--format", "csv")[1])))
    assert one == [rows[2]]


def test_bands_of_quality(iqabench, shelf):
    code, printed, _ = iqabench("leaderboard", "--by", "band", "--store", shelf, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert code == 0
    assert {row["band"] for row in rows} == {"1", "2", "3", "4"}
    assert len(rows) == 2 * 3 * 4


def test_figures(iqabench, shelf, tmp_path):
    folder, form = tmp_path / "new", ["--format", "svg", "--quiet"]
    code, printed, said = iqabench("figures", "-o", folder, "--store", shelf, *form)
    assert (code, said) == (0, [])
    assert sorted(printed.split()) == sorted(map(str, folder.iterdir()))
    assert len(printed.split()) == 2 + 2 * 3


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["ranks", "goood"], "unknown model with results to rank 'goood'"),
        (["ranks", "--train", "twin"], "0 models on 0 test sets"),
        (["ranks", "--figure", "cd.doc"], "no such kind of file"),
        (["ranks", "--figure", "none/cd.pdf"], "cannot write none/cd.pdf"),
        (["raters", "--dataset", "moon"], "unknown test set in STORE 'moon'"),
        (["raters", "--dataset", "twin", "goood"], "unknown model in STORE 'goood'"),
    ],
)
def test_bad_input_is_one_line_and_a_hint(iqabench, shelf, words, complaint):
    code, printed, said = iqabench(*words, "--store", shelf)
    assert (code, printed) == (2, "")
    assert [line.partition(": ")[0] for line in said] == ["error", "hint"]
    assert complaint.replace("STORE", str(shelf)) in said[0]


@pytest.mark.usefixtures("toy", "one_thread")
def test_stress(iqabench, little, store):
    given = ["study", "stress", "toy-estimator", "--dataset", "little", "--quiet"]
    places = ["--catalog", little.catalog, "--store", store]
    code, printed, said = iqabench(*given, *places)
    assert code == 0
    assert "trained from seed 2" in printed and "over 2 immaterial changes" in printed
    assert said == [f"figure: {store}/figures/stress-toy-estimator-little.png"]
