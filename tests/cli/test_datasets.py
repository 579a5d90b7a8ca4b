import csv
import hashlib
import io
import json
import shutil
import zipfile

import pytest
from PIL import Image
from skimage import data

from iqabench.catalog import user_catalog
from iqabench.cli.datasets import COMMANDS
from iqabench.store.sealed import read_sealed


def test_every_command_has_help(iqabench):
    code, printed, _ = iqabench("datasets", "--help")
    assert code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in printed
        code, own, _ = iqabench("datasets", name, "-h")
        assert (code, f"iqabench datasets {name}" in own) == (0, True)


def test_a_bare_command_lists(iqabench, little):
    listed = iqabench("datasets", "list", "--catalog", little.catalog)
    assert iqabench("datasets", "--catalog", little.catalog) == listed
    assert "little" in listed[1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["shw", "demo"], "unknown command 'shw'"),
        (["show", "dem"], "unknown data set 'dem'"),
        (["verify", "kadid"], "'kadid' has no root"),
        (["add", "mine", "--root", "."], "unknown data set 'mine'"),
        (["add", "mine", "--root", ".", "--labels", "none.csv"], "cannot read"),
        (["fetch", "kadid"], "no download with a checksum is known for 'kadid'"),
        (["splits", "export", "demo", "none/s.json", "--seed", "0"], "cannot write none/s.json"),
        (["show", "demo", "--figure", "none/h.png"], "cannot write none/h.png"),
        (["synthesize", "none", "mine", "--types", "27"], "no distortion 27"),
        (["synthesize", "none", "mine", "--levels", "0"], "no levels in '0'"),
        (["synthesize", "none", "mine"], "no picture at none"),
        (["audit", "demos"], "unknown data set 'demos'"),
        (["audit", "demo:demo"], "trains and tests on all of demo"),
        (["audit", "demo", "--figure", "none/m.png"], "cannot write none/m.png"),
    ],
)
def test_bad_input_is_one_line_and_a_hint_and_writes_nothing(
    iqabench, tmp_path, monkeypatch, words, complaint
):
    monkeypatch.chdir(tmp_path)
    code, printed, said = iqabench("datasets", *words)
    assert (code, printed) == (2, "")
    assert [line.partition(": ")[0] for line in said][-2:] == ["error", "hint"]
    assert complaint in said[-2]
    assert list(tmp_path.iterdir()) == []
    assert not user_catalog().exists()


def test_show(iqabench, little, tmp_path):
    code, printed, _ = iqabench("datasets", "show", "kadid")
    assert code == 0
    assert "10125" in printed
    assert printed.endswith("its files are not here\n")
    figure = tmp_path / "h.png"
    given = ("--catalog", little.catalog, "--figure", figure)
    code, printed, said = iqabench("datasets", "show", "little", *given)
    assert (code, said[-1]) == (0, f"wrote {figure}")
    for part in ("title", "columns", "blur", "level 4", "####"):
        assert part in printed
    assert Image.open(figure).format == "PNG"


def test_verify_tells_problems_by_its_exit_code(iqabench, little, tmp_path):
    root = shutil.copytree(little.root, tmp_path / "own")
    catalog = tmp_path / "own.yaml"
    catalog.write_text(little.catalog.read_text().replace(str(little.root), str(root)))
    code, printed, said = iqabench("datasets", "verify", "little", "--catalog", catalog)
    assert (code, printed) == (0, "")
    assert said[-1].startswith("little: 45 pictures, ")
    assert said[-1].endswith("; no problems")
    (root / "c0_1.png").unlink()
    (root / "c1_1.png").write_text("x")
    given = ("--catalog", catalog, "--format", "csv")
    code, printed, said = iqabench("datasets", "verify", "little", *given)
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert code == 1
    assert [(row["problem"], row["file"]) for row in rows] == [
        ("missing", "c0_1.png"),
        ("unreadable", "c1_1.png"),
    ]
    assert said[-1].startswith("little: 44 pictures, 43 of them decoded before; 2 problems")


def test_a_set_of_ones_own_is_added_and_then_known(iqabench, little):
    words = ("add", "mine", "--root", little.root, "--labels", little.root / "scores.csv")
    columns = ("--distortion", "kind", "--level", "strength", "--direction", "lower")
    code, printed, said = iqabench("datasets", *words, *columns)
    assert (code, said[-1]) == (0, f"wrote {user_catalog()}")
    assert "36" in printed
    assert "image, mos, reference, distortion, level, content, quality" in printed
    assert str(little.root / "scores.csv") in printed
    assert "'file' as image, 'score' as mos, 'original' as reference" in printed
    assert "no column gives the content: pictures with the same reference count as one" in printed
    code, printed, _ = iqabench("datasets", "--format", "json")
    rows = {row["data set"]: row for row in json.loads(printed)}
    assert (rows["mine"]["ready"], rows["mine"]["root"]) == ("yes", str(little.root))
    assert iqabench("datasets", *words)[0] == 2  # the name is taken now


def test_a_set_is_fetched_from_a_catalogues_archive(iqabench, little, hub, tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in little.root.iterdir():
            archive.write(path, path.name)
    content = hub.files["little.zip"] = stream.getvalue()
    catalog = tmp_path / "c.yaml"
    catalog.write_text(
        "datasets:\n  got:\n    reader: csv\n    labels: scores.csv\n"
        "    columns: {image: file, mos: score}\n"
        f"    archive: {{url: '{hub.url}/little.zip', bytes: {len(content)},"
        f" sha256: {hashlib.sha256(content).hexdigest()}}}\n"
    )
    given = ("--root", tmp_path / "got", "--catalog", catalog)
    code, printed, said = iqabench("datasets", "fetch", "got", *given)
    assert (code, said[-1]) == (0, f"wrote {catalog}")
    assert "36" in printed
    assert (tmp_path / "got" / "scores.csv").exists()


def test_a_split_goes_out_and_comes_back(iqabench, little, store, tmp_path):
    file, places = tmp_path / "s.json", ("--catalog", little.catalog)
    code, _, said = iqabench(
        *("datasets", "splits", "export", "little", file, "--seed", 1), *places
    )
    assert (code, said[-1]) == (
        0,
        f"wrote {file}: 6 contents to train on, 1 to validate, 2 to test",
    )
    run = ("run", "--models", "brisque", "--datasets", "little", "--seeds", 1, "--quiet", *places)
    code, printed, _ = iqabench(*run, "--split", file, "--store", store, "--format", "json")
    assert code == 0
    (row,) = json.loads(printed)
    split = json.loads(file.read_text())
    assert (row["protocol"], row["contents"]) == (f"split {split['hash'][:8]}", 2)
    kept = read_sealed(store / "splits" / f"{split['hash']}.json")
    assert kept | {"hash": split["hash"]} == split
    file.write_text(json.dumps(split | {"test": split["train"][:1]}))
    code, _, said = iqabench(*run, "--split", file, "--store", tmp_path / "other")
    assert (code, "its contents have hash" in said[0]) == (2, True)
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("one_thread")
def test_from_photos_to_tests_without_human_scores(iqabench, store, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(4):
        crop = data.astronaut()[40 * number :][:96, 60 * number :][:, :112]
        Image.fromarray(crop).save(photos / f"p{number}.png")
    catalog = tmp_path / "c.yaml"
    code, printed, said = iqabench(
        *("datasets", "synthesize", photos, "mine", "--types", "jpeg,18", "--levels", "1-3"),
        *("--root", tmp_path / "mine", "--catalog", catalog),
    )
    assert (code, said[-1]) == (0, f"wrote {catalog}")
    assert "24" in printed
    assert iqabench("datasets", "verify", "mine", "--catalog", catalog)[0] == 0
    places = ("--catalog", catalog, "--store", store)
    given = ("--models", "brisque", "--datasets", "mine", "--seeds", 2, "--quiet")
    assert iqabench("run", *given, *places)[0] == 0

    code, printed, _ = iqabench("waterloo", "--dataset", "mine", *places, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(printed))
    assert code == 0
    assert (row["model"], row["repetitions"]) == ("brisque", "2")
    # One of four contents is tested each time; mean shift is not in the lists.
    assert (row["pristine"], row["distorted"], row["lists"]) == ("2", "12", "2")
    assert 0.5 <= float(row["d"]) <= 1
    _, printed, _ = iqabench("waterloo", "brisque", "--dataset", "mine", *places)
    assert "proxy labels" in printed
    assert iqabench("waterloo", "brisqe", "--dataset", "mine", *places)[0] == 2

    where = ("--store", store)
    _, printed, _ = iqabench("leaderboard", "--by", "distortion", *where, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [(row["distortion"], row["n"]) for row in rows] == [("jpeg", "6"), ("mean-shift", "6")]
    _, printed, _ = iqabench("leaderboard", "--by", "level", *where)
    cells = dict(zip(printed.splitlines()[0].split(), printed.splitlines()[2].split(), strict=True))
    assert (cells["level"], cells["srocc"], cells["plcc"], cells["n"]) == ("1", "-", "-", "4")
    assert "too few pictures" in printed
