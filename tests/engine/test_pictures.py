"""What was done to pictures reaches the record, and truncated ones are a choice."""

import csv
import io
import json
import os
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file
from toy_plugin import Network, Options

import iqabench
from iqabench import Choices, Session
from iqabench.data.cache_limit import folder
from iqabench.store import Store

TURNED, CUT = "c3_2.png", "c4_1.png"


@pytest.fixture
def odd(little, tmp_path, monkeypatch):
    """The small data set with one picture on its side and one cut off."""
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    root = shutil.copytree(little.root, tmp_path / "odd")
    little.catalog.write_text(little.catalog.read_text().replace(str(little.root), str(root)))
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(root / TURNED) as picture:
        picture.transpose(Image.Transpose.ROTATE_90).save(root / TURNED, exif=exif)
    whole = (root / CUT).read_bytes()
    (root / CUT).write_bytes(whole[: len(whole) // 2])
    return root


def run(little, store, *models, **choices):
    session = Session(little.catalog, store=store)
    return iqabench.run(models, "little", seeds=1, choices=Choices(**choices), session=session)


def job(results, label):
    """A model's predict job, and its predictions by picture."""
    (found,) = [one for one in results.store.evaluations() if one.label == label]
    made = results.store.job(found.predict)
    return made, results.store.predictions(made.fingerprint).set_index("image")


def test_notes_are_kept_with_predictions_and_counted(little, store, odd):
    made, found = job(run(little, store, "toy-scorer"), "toy-scorer")
    assert found["notes"][TURNED] == "turned upright (EXIF 6)"
    assert (found["notes"].drop(TURNED) == "").all()
    assert "cannot decode" in found["error"][CUT]
    assert made.record.failed_images == made.record.noted_images == 1
    assert made.record.notes == {"turned upright (EXIF 6)": 1}


def test_a_job_shows_how_many_pictures_were_altered(little, store, odd, command):
    made, _ = job(run(little, store, "toy-scorer"), "toy-scorer")
    _, printed, _ = command("show", made.fingerprint, "--store", store)
    shown = [line.split() for line in printed.splitlines()]
    assert ["noted", "pictures", "1"] in shown
    assert ["note:", "turned", "upright", "(EXIF", "6)", "1"] in shown


def test_truncated_pictures_are_another_job(little, store, odd):
    models = ("toy-scorer", "toy-estimator", "toy-network")
    strict = run(little, store, "toy-scorer")
    first, refused = job(strict, "toy-scorer")
    allowed = run(little, store, *models, allow_truncated=True)
    assert (allowed.outcome.made, allowed.outcome.failed) == (5, ())
    records = [allowed.store.job(one.predict) for one in allowed.store.evaluations()]
    (second,) = [
        made
        for made in records
        if made.record.identity.model.model == "toy-scorer"
        and made.fingerprint != first.fingerprint
    ]
    found = allowed.store.predictions(second.fingerprint).set_index("image")
    assert found["notes"][CUT] == "truncated"
    assert np.isfinite(found["prediction"][CUT])
    both = refused["error"].isna()
    assert found["prediction"][both].equals(refused["prediction"][both])
    assert first.record.identity.model.allow_truncated is False
    assert second.record.identity.model.allow_truncated is True


def test_features_of_a_truncated_picture_are_not_taken_where_it_is_refused(little, store, odd):
    run(little, store, "toy-estimator", allow_truncated=True)
    results = run(little, store, "toy-estimator")
    fits = [results.store.job(one.fit) for one in results.store.evaluations()]
    assert len(fits) == 2
    (failed,) = [fit for fit in fits if not fit.done]  # which trains on that picture
    assert failed.record.identity.model.allow_truncated is False
    assert f"cannot decode {CUT}" in failed.record.error


def test_scores_of_loose_pictures_have_notes(odd, store, command):
    given = ["score", "toy-scorer", odd / TURNED, odd / CUT, odd / "c0_1.png", "--quiet"]
    given += ["--weights", "train"]
    code, printed, _ = command(*given, "--store", store, "--format", "json")
    assert code == 1
    turned, cut, plain = json.loads(printed)
    assert (turned["notes"], plain["notes"]) == ("turned upright (EXIF 6)", "")
    assert "truncated" in cut["error"]
    code, printed, _ = command(*given, "--allow-truncated", "--store", store, "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [row["notes"] for row in rows] == ["turned upright (EXIF 6)", "truncated", ""]
    assert [float(rows[0]["score"]), float(rows[2]["score"])] == [turned["score"], plain["score"]]


def test_a_run_takes_truncated_pictures_if_that_is_asked_for(little, store, odd, command):
    given = ["run", "--models", "toy-scorer", "--datasets", "little", "--seeds", 1, "--quiet"]
    given += ["--catalog", little.catalog, "--store", store, "--device", "cpu"]
    command(*given)
    command(*given, "--allow-truncated")
    failed = [made.record.failed_images for made in Store(store).jobs()]
    assert sorted(failed) == [0, 1]


def test_a_full_cache_changes_no_result(little, store, odd, tmp_path, monkeypatch):
    models = ("toy-network", "toy-guided", "toy-scorer")
    ample = run(little, store, *models, allow_truncated=True)
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "other"))
    monkeypatch.setenv("IQABENCH_CACHE_GB", "0")
    bare = run(little, tmp_path / "bare", *models, allow_truncated=True)
    assert not folder().exists()
    for label in models:
        assert job(ample, label)[1].equals(job(bare, label)[1])


@pytest.fixture
def loose(tmp_path):
    """Scores of loose pictures by a toy network with random test crops, by path as given."""
    save_file(Network(Options()).state_dict(), tmp_path / "toy.safetensors")
    changes = [f"toy-network.recipe.{one}" for one in ("test_crop_kind=random", "test_crops=3")]
    choices = Choices(weights=str(tmp_path / "toy.safetensors"))

    def score(*paths):
        found = iqabench.score("toy-network", paths, set=changes, choices=choices)
        assert found["error"].isna().all()
        return dict(zip(found["path"], found["score"], strict=True))

    return score


def test_one_content_has_one_score_however_its_path_is_written(
    little, tmp_path, monkeypatch, loose
):
    folder = tmp_path / "a" / "deep"
    folder.mkdir(parents=True)
    shutil.copy(little.root / TURNED, folder / "one.png")
    shutil.copy(little.root / TURNED, tmp_path / "two words")
    shutil.copy(little.root / "c3_1.png", tmp_path / "other.png")
    (tmp_path / "link.png").symlink_to(folder / "one.png")
    monkeypatch.chdir(tmp_path)
    ways = ("a/deep/one.png", folder / "one.png", "a/../a/deep/one.png", "two words", "link.png")
    found = loose(*ways, "other.png")
    other = found.pop("other.png")
    assert len(found) == len(ways)
    assert len(set(found.values())) == 1
    assert other not in found.values()


def test_a_renamed_set_keeps_its_scores_of_random_crops(little, store, tmp_path):
    changes = [f"toy-network.recipe.{one}" for one in ("test_crop_kind=random", "test_crops=2")]
    moved = shutil.copytree(little.root, tmp_path / "moved")
    names = {path.name: f"in {path.name}" for path in moved.glob("c*_*.png")}
    for old, new in names.items():
        (moved / old).rename(moved / new)
    text = (moved / "scores.csv").read_text()
    for old, new in names.items():
        text = text.replace(f"\n{old},", f"\n{new},")
    (moved / "scores.csv").write_text(text)
    save_file(Network(Options()).state_dict(), tmp_path / "toy.safetensors")
    catalog = little.catalog.read_text().replace(str(little.root), str(moved))
    (tmp_path / "moved.yaml").write_text(catalog)
    made = [
        job(
            iqabench.run(
                "toy-network",
                "little",
                set=changes,
                seeds=1,
                choices=Choices(weights=str(tmp_path / "toy.safetensors")),
                session=Session(place, store=tmp_path / place.stem),
            ),
            "toy-network",
        )[1]["prediction"]
        for place in (little.catalog, tmp_path / "moved.yaml")
    ]
    assert made[0].rename(names).sort_index().equals(made[1].sort_index())


def test_a_folder_is_scored_whole_and_what_is_no_picture_is_counted(little, tmp_path, command):
    folder = tmp_path / "mixed"
    folder.mkdir()
    with Image.open(little.root / TURNED) as picture:
        picture.save(folder / "moving.GIF", "GIF")
        picture.save(folder / "no ending", "PNG")
        picture.save(folder / ".hidden", "JPEG")
    (folder / "phone.dat").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (folder / "scores.csv").write_text("image,mos\n")
    (folder / "read me").write_text("words")
    code, printed, complaint = command(
        "score", "toy-scorer", folder, "--weights", "train", "--quiet", "--format", "json"
    )
    rows = {row["path"].rpartition("/")[2]: row for row in json.loads(printed)}
    assert set(rows) == {"moving.GIF", "no ending", ".hidden", "phone.dat"}
    assert "HEIC" in rows["phone.dat"]["error"]
    assert [name for name, row in rows.items() if row["error"]] == ["phone.dat"]
    assert (code, complaint) == (1, "2 files that are no pictures: read me, scores.csv\n")


ODD = ("-dash.png", " space.png", "=1+1.png", "two\nlines.png", "\x1b[31mred.png", b"caf\xe9.png")


@pytest.mark.parametrize("form", ["table", "csv", "json", "markdown", "latex"])
def test_odd_names_are_scored_and_shown_harmlessly(little, tmp_path, command, form):
    folder = tmp_path / "odd names"
    folder.mkdir()
    for name in ODD:
        shutil.copy(little.root / TURNED, folder / os.fsdecode(name))
    (folder / "hurt\n\x1b[2J.png").write_text("no picture")
    given = ["score", "toy-scorer", folder, "--weights", "train", "--quiet", "--format", form]
    code, printed, complaint = command(*given)
    assert (code, complaint) == (1, "")
    printed.encode()
    if form == "csv":  # whose cells keep names for programs
        rows = list(csv.DictReader(io.StringIO(printed)))
        assert {row["path"].rpartition("/")[2] for row in rows} > {"-dash.png", "two\nlines.png"}
    else:
        assert "\x1b" not in printed
    if form == "json":
        rows = json.loads(printed)
    if form in ("csv", "json"):
        assert [bool(row["error"]) for row in rows].count(True) == 1
        assert len(rows) == len(ODD) + 1
    else:
        assert printed.count("cannot decode hurt") == 1
        assert len(re.findall("(?:png|jpg) ", printed)) >= len(ODD)


def test_an_error_with_an_odd_name_is_one_harmless_line(tmp_path, command):
    code, _, complaint = command("score", "toy-scorer", tmp_path / "no\n\x1b[31msuch")
    assert code == 2
    assert "\x1b" not in complaint
    assert [line.partition(":")[0] for line in complaint.splitlines()] == ["error", "hint"]
