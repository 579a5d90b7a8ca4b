"""``iqabench score``: models and pictures told apart, pairs, lists, orders and forms."""

import csv
import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

import iqabench as package
from iqabench.cli import score_words


@pytest.fixture
def folder(little, tmp_path, monkeypatch):
    """A folder with three pictures and one below; it is the current folder's ``in``."""
    place = tmp_path / "in"
    (place / "deep").mkdir(parents=True)
    for name in ("c0_1.png", "c0_4.png", "c1_2.png"):
        (place / name).write_bytes((little.root / name).read_bytes())
    (place / "deep" / "c2_1.png").write_bytes((little.root / "c2_1.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    return place


def rows(printed):
    return json.loads(printed)


@pytest.fixture
def scored(iqabench, folder):
    """The rows of a command that succeeds."""

    def run(*words):
        code, printed, told = iqabench("score", *words, "--quiet", "--format", "json")
        assert code == 0, told
        return json.loads(printed)

    return run


def test_one_model_as_ever(scored):
    found = scored("piqe", "in/c0_1.png")
    assert [list(row) for row in found] == [
        ["path", "model", "score", "direction", "error", "notes"]
    ]
    assert found[0]["model"] == "piqe" and found[0]["direction"] == "lower"


def test_several_models_score_each_picture(scored, folder):
    found = scored("piqe,psnr-less=entropy", "in")
    assert [(row["path"], row["model"]) for row in found] == [
        (f"in/{name}", model)
        for name in ("c0_1.png", "c0_4.png", "c1_2.png")
        for model in ("piqe", "psnr-less")
    ]
    alone = [row["score"] for row in scored("piqe", "in")]
    assert [row["score"] for row in found if row["model"] == "piqe"] == alone
    assert found == scored("--models", "piqe", "--models", "psnr-less=entropy", "in")


def test_a_table_has_a_column_for_each_of_several_models(iqabench, folder):
    _, printed, _ = iqabench("score", "piqe,entropy", "in", "--quiet", "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(printed)))) == 6
    _, printed, _ = iqabench("score", "piqe,entropy", "in", "--quiet", "--format", "markdown")
    head, _, *body = printed.splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "path",
        "piqe (lower is better)",
        "entropy (higher is better)",
        "error",
        "notes",
    ]
    assert len(body) == 3


def test_sort_puts_the_best_first_and_failures_last(scored, iqabench, folder):
    (folder / "a.png").write_text("no picture")
    code, printed, _ = iqabench("score", "piqe,entropy", "in", "--sort", "--format", "json")
    assert code == 1
    piqe = [row["score"] for row in json.loads(printed) if row["model"] == "piqe"]
    assert piqe[-1] is None and piqe[:-1] == sorted(piqe[:-1])
    _, printed, _ = iqabench("score", "entropy", "in", "--sort", "--format", "json")
    entropy = [row["score"] for row in json.loads(printed)]
    assert entropy[-1] is None and entropy[:-1] == sorted(entropy[:-1], reverse=True)


def test_an_error_is_in_words_and_says_what_helps(iqabench, folder):
    whole = (folder / "c0_1.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    _, printed, _ = iqabench("score", "piqe,entropy", "in/cut.png", "--format", "json")
    assert {row["error"] for row in json.loads(printed)} == {
        "cannot decode cut.png: image file is truncated; --allow-truncated takes what is left"
    }
    _, printed, _ = iqabench("score", "piqe,entropy", "in/cut.png", "--format", "markdown")
    assert printed.count("cannot decode") == 1


def test_folders_below_are_entered_with_recursive(scored, iqabench, folder):
    assert len(scored("entropy", "in")) == 3
    assert len(scored("entropy", "in", "--recursive")) == 4
    told = iqabench("score", "entropy", "in", "--quiet")[2]
    assert told == ["folder deep is not entered: --recursive does"]


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\0"])
def test_a_list_on_standard_input(scored, folder, monkeypatch, separator):
    (folder / "two words é.png").write_bytes((folder / "c0_1.png").read_bytes())
    names = ["in/c0_4.png", "in/two words é.png"]
    content = separator.join([name.encode() for name in names] + [b""])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert [row["path"] for row in scored("entropy", "-", "in/c1_2.png")] == [
        *names,
        "in/c1_2.png",
    ]


def test_an_empty_list_is_refused(iqabench, folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    code, _, told = iqabench("score", "entropy", "-")
    assert (code, told[0]) == (2, "error: standard input lists no picture")


def test_pairs(scored, folder, little):
    psnr = {
        name: -10 * np.log10(np.mean((pixels(folder / name) - pixels(little.root / ref)) ** 2))
        for name, ref in {"c0_1.png": "c0.png", "c0_4.png": "c0.png"}.items()
    }
    found = scored("psnr", "--reference", little.root / "c0.png", "in/c0_1.png", "in/c0_4.png")
    assert [row["score"] for row in found] == pytest.approx(list(psnr.values()), abs=5e-3)
    (folder.parent / "ref").mkdir()
    for name in ("c0_1.png", "c0_4.png", "c1_2.png"):
        source = little.root / f"{name[:2]}.png"
        (folder.parent / "ref" / name).write_bytes(source.read_bytes())
    found = scored("psnr,entropy", "in", "--reference", "ref")
    assert [row["score"] for row in found[:4:2]] == pytest.approx(list(psnr.values()), abs=5e-3)


def pixels(path):
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"), float) / 255


def test_a_reference_that_cannot_be_read_or_has_another_size(iqabench, folder, little):
    (folder.parent / "no.png").write_text("no picture")
    Image.new("RGB", (9, 9)).save(folder.parent / "small.png")
    for name, error in (("no.png", "cannot decode no.png"), ("small.png", "differ in size")):
        words = ["psnr,entropy", "in/c0_1.png", "--reference", name, "--format", "json"]
        code, printed, _ = iqabench("score", *words)
        first, second = json.loads(printed)
        assert code == 1 and error in first["error"] and second["error"] is None


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["psnr", "in"], "'psnr' compares pictures with references"),
        (["entropy", "in", "--reference", "in"], "entropy needs no reference"),
        (["psnr", "in", "--reference", "none"], "no reference at none"),
        ([], "no pictures are named"),
        (["piqe"], "piqe names the model, and no picture follows"),
        (["pique"], "'pique' is neither a model nor a picture"),
        (["pique", "in"], "unknown model 'pique'"),
        (["piqe,pique", "in"], "unknown model 'pique'"),
        (["pique.png", "in"], "no picture at pique.png"),
        (["none/pique", "in"], "no picture at none/pique"),
        (["tiqa-lite", "in"], "no published weights are known for 'tiqa-lite'"),
        (["tiqa-lite", "-"], "no published weights are known for 'tiqa-lite'"),
        (["--models", "entropy"], "no pictures are named"),
        (["--models", "entropy", "piqe"], "no picture at piqe"),
        (["piqe,piqe", "in"], "two models are called 'piqe'"),
        (["piqe,entropy", "in", "--weights", "none"], "'piqe', 'entropy' learn nothing"),
        (["biosiqnet-lite", "in", "--weights", "m.onnx"], "m.onnx is an exported network"),
    ],
)
def test_what_cannot_be_scored_is_said_in_a_line(iqabench, folder, monkeypatch, words, complaint):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"in/c0_1.png\n")))
    code, printed, told = iqabench("score", *words)
    assert (code, printed) == (2, "")
    assert told[0].startswith(f"error: {complaint}")
    assert told[1].startswith("hint: ") and len(told) == 2


def test_a_file_called_like_a_model_is_a_picture_unless_models_names_it(
    iqabench, scored, folder, monkeypatch
):
    monkeypatch.setattr(package.api.scoring, "DEFAULT_MODEL", "entropy")
    (folder.parent / "piqe").write_bytes((folder / "c0_1.png").read_bytes())
    code, printed, told = iqabench("score", "piqe", "in", "--quiet", "--format", "json")
    assert code == 0
    assert {row["model"] for row in json.loads(printed)} == {"entropy"}
    assert len(json.loads(printed)) == 4
    assert told[0] == "piqe is a file here, so it is scored; --models names a model"
    (row,) = scored("--models", "piqe", "piqe")
    assert (row["model"], row["path"]) == ("piqe", "piqe")


def test_the_default_model_scores_where_none_is_named(scored, monkeypatch):
    monkeypatch.setattr(package.api.scoring, "DEFAULT_MODEL", "entropy")
    assert {row["model"] for row in scored("in")} == {"entropy"}
    assert len(package.score(None, np.zeros((40, 40, 3), np.uint8))) == 1


def test_progress_says_pictures_per_second(folder, monkeypatch):
    ticks = []

    class Watch(package.api.session.Silent):
        def task(self, title):
            from contextlib import nullcontext

            ticks.append(title)
            return nullcontext(lambda *given: ticks.append(given))

    package.score("entropy", folder, session=package.Session(watch=Watch()))
    title, *given = ticks
    assert title == "scoring with entropy"
    assert [(done, total) for done, total, _ in given] == [(1, 3), (2, 3), (3, 3)]
    assert all(float(what.removesuffix(" pictures/s")) > 0 for _, _, what in given)


def test_python_takes_paths_pictures_arrays_and_tensors(folder):
    import torch

    path = folder / "c0_1.png"
    array = np.asarray(Image.open(path))
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
    forms = [str(path), path, [path], Image.open(path), array, tensor[None], tensor / 255]
    found = [package.score(["entropy", "piqe"], form)["score"].tolist() for form in forms]
    assert found[:-1] == [found[0]] * 6
    assert found[-1] == pytest.approx(found[0])


def test_columns_of_calibrated_weights_are_shown_where_a_row_has_them():
    from iqabench.data.scored import PictureScore, Scored

    plain = PictureScore("a.png", "m", 40.0, "higher", None, "")
    known = PictureScore("b.png", "m", 80.0, "higher", None, "", "good", 70.0, 90.0)
    found = package.Scores((Scored((plain,)), Scored((known,))), ("m",))
    assert found.columns == [
        "path",
        "model",
        "score",
        "direction",
        "band",
        "low",
        "high",
        "warning",
        "error",
        "notes",
    ]
    assert [row["band"] for row in found.records()] == [None, "good"]
    assert [row["path"] for row in found.sorted().records()] == ["b.png", "a.png"]
    assert package.Scores((Scored((plain,)),), ("m",)).columns == [
        *("path", "model", "score", "direction", "error", "notes")
    ]


def test_several_models_show_bands_and_warnings_where_they_have_them():
    from iqabench.cli.score import _for_people
    from iqabench.data.scored import PictureScore, Scored

    rows = [
        Scored(
            (
                PictureScore(name, "m", 40.0, "higher", None, "", band),
                PictureScore(name, "n", 1.0, "lower", None, ""),
            )
        )
        for name, band in (("a.png", None), ("b.png", "good"))
    ]
    columns = ["path", "m (higher is better)", "m band", "n (lower is better)", "error", "notes"]
    found = _for_people(package.Scores(tuple(rows), ("m", "n")))
    assert [list(row) for row in found] == [columns] * 2
    assert [row["m band"] for row in found] == [None, "good"]


def test_the_help_names_the_default_model(iqabench):
    assert package.DEFAULT_MODEL in iqabench("score", "--help")[1]


def test_the_rule_of_the_first_word_needs_no_plugin_where_a_file_scores():
    assert score_words.split(["a", "b.png"], [], None, exported=True) == (["a"], ["b.png"])
