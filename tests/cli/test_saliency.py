import csv
import io

import numpy as np
import pytest
from PIL import Image

from iqabench.cli.saliency import COMMANDS


@pytest.fixture
def root(tmp_path):
    """Three pictures, 30x20, and two fixations on each."""
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    lines = ["image,y,x"]
    random = np.random.default_rng(0)
    for name in ("a.png", "b.png", "c.png"):
        noise = random.integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(noise).save(root / "images" / name)
        lines += [f"{name},{y:.2f},{x:.2f}" for y, x in random.uniform(0, (20, 30), (2, 2))]
    (root / "fixations.csv").write_text("\n".join(lines) + "\n")
    return root


def test_every_command_has_help(iqabench):
    code, printed, _ = iqabench("saliency", "--help")
    assert code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in printed
        code, own, _ = iqabench("saliency", name, "-h")
        assert (code, f"iqabench saliency {name}" in own) == (0, True)


def test_a_bare_command_lists(iqabench):
    listed = iqabench("saliency", "list", "--format", "csv")
    assert iqabench("saliency", "--format", "csv") == listed
    assert "spectral-residual" in listed[1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("shw", "unknown command 'shw'"),
        ("eval centre --dataset fixations --root ROOT", "unknown saliency provider 'centre'"),
        ("eval center --dataset fixation", "unknown data set 'fixation'"),
        ("eval center --dataset fixations", "'fixations' has no root"),
        ("eval center --dataset fixations --root none", "'fixations' is not at none"),
        ("eval center --dataset fixations --root .", "fixations.csv is missing"),
        ("eval center --dataset demo --root ROOT", "'demo' is made, not found"),
        ("eval center --dataset fixations --root ROOT -o none/t.csv", "cannot write none/t.csv"),
        ("show none.png", "no picture at none.png"),
        ("show ROOT --provider centre", "unknown saliency provider 'centre'"),
        ("cache --clear centre", "unknown saliency provider 'centre'"),
    ],
)
def test_bad_input_is_one_line_and_a_hint_and_writes_nothing(
    iqabench, root, tmp_path, monkeypatch, words, complaint
):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    code, printed, said = iqabench("saliency", *words.replace("ROOT", str(root)).split())
    assert (code, printed) == (2, "")
    assert [line.partition(": ")[0] for line in said][-2:] == ["error", "hint"]
    assert complaint in said[-2]
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_picture_of_no_known_set_has_no_true_map(iqabench, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, said = iqabench("saliency", "show", root, "--provider", "groundtruth", "-o", "drawn")
    assert code == 1 and not (tmp_path / "drawn").exists()
    failed = [line for line in said if line.startswith("failed: ")]
    assert failed and all("lies in no data set's folder" in line for line in failed)


def test_providers_are_compared_in_one_table(iqabench, root, tmp_path):
    given = ["center", "uniform", "--dataset", "fixations", "--root", root, "--quiet"]
    code, printed, _ = iqabench("saliency", "eval", *given)
    assert code == 0
    header, _, pictures, nss, *_ = printed.splitlines()
    assert header.split() == ["metric", "center", "uniform"]
    assert pictures.split() == ["pictures", "3", "3"]
    assert nss.split()[-3:] == ["0.000", "[0.000,", "0.000]"]
    assert "too narrow" in printed
    file = tmp_path / "table.csv"
    assert iqabench("saliency", "eval", *given, "-o", file)[0] == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert [row["provider"] for row in rows] == ["center", "uniform"]
    assert f"{float(rows[0]['nss_mean']):.3f}" in nss


def test_a_set_of_a_catalogue_needs_no_root(iqabench, root, tmp_path):
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(f"datasets:\n  mine: {{reader: fixations, root: {root}}}\n")
    where = ["--dataset", "mine", "--catalog", catalog, "--quiet"]
    assert iqabench("saliency", "eval", "uniform", *where)[0] == 0
    code, listed, _ = iqabench("datasets", "--catalog", catalog, "--format", "csv")
    row = next(row for row in csv.DictReader(io.StringIO(listed)) if row["data set"] == "mine")
    assert (code, row["labels"], row["ready"]) == (0, "none", "yes")


def test_a_set_without_scores_tests_no_quality_model(iqabench, root, tmp_path, monkeypatch):
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(f"datasets:\n  mine: {{reader: fixations, root: {root}}}\n")
    (root / "scores.csv").write_text("image,score\nimages/a.png,1\n")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for words in (
        ["run", "--models", "brisque", "--datasets", "mine", "--quiet"],
        ["run", "--models", "brisque", "--datasets", "demo:mine", "--quiet", "--dry-run"],
        ["import", root / "scores.csv", "--model", "theirs", "--dataset", "mine"],
        ["datasets", "show", "mine", "--figure", "f.png"],
    ):
        code, printed, said = iqabench(*words, "--catalog", catalog)
        assert (code, printed) == (2, "")
        assert said[-2].startswith("error: data set 'mine' has no scores")
        assert said[-1].startswith("hint: ")
    assert list((tmp_path / "empty").iterdir()) == []
    code, printed, _ = iqabench("datasets", "show", "mine", "--catalog", catalog)
    assert (code, "#" in printed) == (0, False)
    assert "none" in printed


def test_a_picture_that_failed_makes_the_exit_code_one(iqabench, root):
    (root / "images" / "b.png").write_text("no picture")
    given = ["--dataset", "fixations", "--root", root, "--quiet"]
    code, printed, _ = iqabench("saliency", "eval", "uniform", *given)
    assert code == 1
    assert "1 pictures have no map, first images/b.png (uniform)" in printed


def test_maps_are_drawn_and_a_failure_is_named(iqabench, root, tmp_path):
    (root / "images" / "b.png").write_text("no picture")
    code, printed, said = iqabench(
        "saliency", "show", root / "images", "--provider", "center:sigma=0.3", "-o", tmp_path / "o"
    )
    assert code == 1
    assert [line.rpartition("/")[2] for line in printed.splitlines()] == ["001-a.png", "003-c.png"]
    assert said == [line for line in said if line.startswith("failed: ") and "b.png" in line]
    width, height = Image.open(tmp_path / "o" / "001-a.png").size
    assert width / 3 < height < width  # three parts of 30x20, with titles and a bar of colours


def test_what_is_kept_is_listed_and_cleared(iqabench, root, tmp_path, monkeypatch):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    given = ["center", "uniform", "--dataset", "fixations", "--root", root, "--quiet"]
    iqabench("saliency", "eval", *given)
    listed = iqabench("saliency", "cache", "--format", "csv")[1].splitlines()
    assert [line.split(",")[:2] for line in listed[1:]] == [["center", "3"], ["uniform", "3"]]
    code, printed, said = iqabench("saliency", "cache", "--clear", "center", "--format", "csv")
    assert (code, printed.splitlines()[1:], said) == (0, listed[2:], ["removed 3 maps, 0.0 MB"])
    assert iqabench("saliency", "cache", "--clear")[2] == ["removed 3 maps, 0.0 MB"]
