import csv
import io
import json
import re

import numpy as np
import pytest

from iqabench import Results, Session, import_scores
from iqabench.report.compare import COLUMNS


@pytest.fixture(scope="module")
def scored(shared_little, tmp_path_factory):
    """A store with three models' scores of ``little``, imported; only read it."""
    little, folder = shared_little, tmp_path_factory.mktemp("scored")
    with (little.root / "scores.csv").open() as stream:
        labels = {row["file"]: float(row["score"]) for row in csv.DictReader(stream)}
    random = np.random.default_rng(0)
    for model, noise in (("good", 0.1), ("fair", 0.4), ("poor", 3.0)):
        path = folder / f"{model}.csv"
        lines = [f"{name},{score + random.normal(0, noise)}" for name, score in labels.items()]
        path.write_text("\n".join(["image,score", *lines]))
        session = Session(little.catalog, store=folder / "store")
        import_scores(path, model, "little", session=session)
    return folder / "store"


def test_a_matrix_sentences_and_notes(iqabench, scored):
    code, printed, _ = iqabench("compare", "--store", scored, "--quiet")
    assert code == 0
    lines = printed.splitlines()
    assert re.split(r"  +", lines[0]) == [
        "test",
        "protocol",
        "model",
        "vs fair",
        "vs good",
        "vs poor",
    ]
    assert [line.split()[2:] for line in lines[2:5]] == [
        ["fair", "-", "+"],
        ["good", "+", "+"],
        ["poor", "-", "-"],
    ]
    found = Results(Session(store=scored)).compare()
    assert lines[5:8] == list(found["sentence"])
    assert lines[5].startswith("good predicts better than fair on little (ΔSROCC +")
    assert any(line.startswith("it assumes: contents are independent") for line in lines)


def test_programs_get_every_number(iqabench, scored, tmp_path):
    out = tmp_path / "pairs.csv"
    asked = ["compare", "good", "poor", "--store", scored, "--quiet"]
    assert iqabench(*asked, "-o", out)[0] == 0
    (row,) = csv.DictReader(io.StringIO(out.read_text()))
    assert tuple(row) == COLUMNS
    (same,) = json.loads(iqabench(*asked, "--format", "json")[1])
    assert float(row["p"]) == same["p"]
    assert (same["a"], same["b"], same["verdict"], same["pairs"]) == ("good", "poor", "better", 1)


def test_the_papers_procedure_prints_its_faults(iqabench, scored):
    _, printed, _ = iqabench("compare", "--test", "paper", "--store", scored, "--quiet")
    assert "its fault: signed residuals show bias, not accuracy" in printed
    assert "fitted residuals" in printed  # imported scores have a unit of their own


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["goood"], "did you mean good?"),
        (["--datasets", "litle"], "did you mean little?"),
        (["good"], "good is the only model"),
    ],
)
def test_what_cannot_be_compared_is_refused(iqabench, scored, words, complaint):
    code, printed, said = iqabench("compare", *words, "--store", scored, "--quiet")
    assert (code, printed) == (2, "")
    assert [line.partition(": ")[0] for line in said] == ["error", "hint"]
    assert complaint in "\n".join(said)


def test_a_run_compares_its_own_models_alone(scored):
    session = Session(store=scored)
    own = [record.id for record in session.store.evaluations() if record.label != "fair"]
    (row,) = Results(session, own).compare().to_dict("records")
    assert (row["a"], row["b"]) == ("good", "poor")
