"""Tables as files: what the ending asks for, and the commands that export what a store holds."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

import iqabench as library


@pytest.fixture
def filled(little, store, tmp_path):
    """A store with scores that are the labels, and with some that are less."""
    scores = pd.read_csv(little.root / "scores.csv").rename(columns={"file": "image"})
    noise = np.random.default_rng(0).normal(0, scores["score"].std(), len(scores))
    session = library.Session(little.catalog, store=store)
    for label, more in (("perfect", 0 * noise), ("noisy", noise)):
        path = tmp_path / f"{label}.csv"
        scores.assign(score=scores["score"] + more)[["image", "score"]].to_csv(path, index=False)
        library.import_scores(path, label, "little", session=session)
    return store


def test_the_ending_asks_for_the_format(iqabench, tmp_path):
    for ending, form in (
        (".md", "markdown"),
        (".tex", "latex"),
        (".json", "json"),
        (".csv", "csv"),
    ):
        path = tmp_path / f"models{ending}"
        assert iqabench("models", "-o", path)[0] == 0
        assert path.read_text(encoding="utf-8") == iqabench("models", "--format", form)[1]
    assert iqabench("models", "--format", "json", "-o", tmp_path / "other.csv")[0] == 0
    assert json.loads((tmp_path / "other.csv").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", ["models", "datasets", "saliency", "doctor"])
def test_every_table_can_be_parquet(iqabench, command, tmp_path):
    rows = json.loads(iqabench(command, "--format", "json")[1])
    for words in (["-o", tmp_path / "t.parquet"], ["-o", tmp_path / "t", "--format", "parquet"]):
        assert iqabench(command, *words)[0] == 0
        frame = pd.read_parquet(words[1])
        assert list(frame.columns) == list(rows[0])
        assert [str(one) for one in frame.iloc[:, 0]] == [str(next(iter(r.values()))) for r in rows]


def test_parquet_needs_a_file(iqabench):
    code, printed, complaint = iqabench("models", "--format", "parquet")
    assert (code, printed) == (2, "")
    assert complaint == ["error: Parquet is no text to print", "hint: name a file with -o"]


def test_the_leaderboard_as_parquet_latex_and_markdown(iqabench, filled, tmp_path):
    asked = ["leaderboard", "--store", filled, "--quiet", "-o"]
    for ending in (".parquet", ".csv", ".tex", ".md"):
        assert iqabench(*asked, tmp_path / f"board{ending}")[0] == 0
    frame = pd.read_parquet(tmp_path / "board.parquet")
    text = pd.read_csv(tmp_path / "board.csv")
    assert list(frame.columns) == list(text.columns)
    assert frame["srocc_mean"].tolist() == text["srocc_mean"].tolist()
    assert frame["recipe"].tolist() == ["-", "-"]
    latex = (tmp_path / "board.tex").read_text(encoding="utf-8")
    assert r"\toprule" in latex and r"[95\%]" in latex
    assert "\n% SROCC, bold: best" in latex
    assert "\n- SROCC, bold: best" in (tmp_path / "board.md").read_text(encoding="utf-8")


def test_predictions_of_a_store(iqabench, filled, tmp_path):
    code, printed, _ = iqabench("predictions", "--store", filled, "--format", "csv", "--quiet")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert code == 0
    assert {row["model"] for row in rows} == {"noisy", "perfect"}
    perfect = [row for row in rows if row["model"] == "perfect"]
    assert [float(row["prediction"]) for row in perfect] == [float(r["quality"]) for r in perfect]
    for ending, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        path = tmp_path / f"p{ending}"
        asked = ["predictions", "--store", filled, "--model", "perfect", "-o", path]
        assert iqabench(*asked, "--quiet")[0] == 0
        assert read(path)["image"].tolist() == [row["image"] for row in perfect]
    code, printed, complaint = iqabench("predictions", "--store", filled, "--model", "noisi")
    assert (code, printed) == (2, "")
    assert complaint[-1] == "hint: did you mean noisy?"


def test_why_two_results_differ(iqabench, filled):
    asked = ["diff", "noisy", "perfect@little", "--store", filled]
    code, printed, _ = iqabench(*asked, "--format", "json")
    rows = {row["field"]: (row["a"], row["b"]) for row in json.loads(printed)}
    assert code == 0
    assert rows["label"] == ("noisy", "perfect")
    assert rows["SROCC"][1] == "1.0000"
    assert {"label", "file", "SROCC"} == set(rows)
    code, printed, complaint = iqabench("diff", "noisi", "perfect", "--store", filled)
    assert (code, printed) == (2, "")
    assert complaint == [
        "error: unknown job, evaluation or MODEL@TEST 'noisi'",
        "hint: did you mean noisy@little?",
    ]


def test_the_same_from_python(filled):
    results = library.Results(library.Session(store=filled))
    found = results.predictions("perfect")
    assert (found["prediction"] == found["quality"]).all()
    assert results.diff("noisy", "noisy").table.empty
    assert results.predictions(["perfect"]).equals(found)
    html = results._repr_html_()
    assert "<table" in html and "perfect" in html and html.count("<tr") == 3
