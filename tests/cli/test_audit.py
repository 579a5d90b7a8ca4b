import csv
import io
import json

import pytest
from PIL import Image
from skimage import data

from iqabench.report.tables import FORMATS


@pytest.fixture
def copies(little, tmp_path):
    """A second set in the catalogue: crops of two of the small set's contents, and a third."""
    root = tmp_path / "copies"
    root.mkdir()
    for number, box in ((0, (0, 0, 80, 70)), (5, (10, 5, 96, 80))):
        with Image.open(little.root / f"c{number}.png") as picture:
            picture.crop(box).resize((120, 100)).save(root / f"of{number}.png")
    Image.fromarray(data.chelsea()[40:200, 100:300]).save(root / "cat.png")
    (root / "scores.csv").write_text("image,mos\nof0.png,1\nof5.png,2\ncat.png,3\n")
    entry = f"  copies: {{reader: csv, root: {root}, labels: scores.csv}}\n"
    little.catalog.write_text(little.catalog.read_text() + entry)


def test_pictures_that_two_sets_share_are_listed_and_drawn(iqabench, little, copies, tmp_path):
    given = ["datasets", "audit", "little:copies", "--catalog", little.catalog, "--quiet"]
    code, printed, said = iqabench(*given, "--format", "json", "--figure", tmp_path / "m.png")
    assert code == 0
    rows = json.loads(printed)
    assert [(row["content"], row["other content"]) for row in rows] == [
        ("c0.png", "of0.png"),
        ("c5.png", "of5.png"),
    ]
    assert {row["found by"] for row in rows} == {"features"}
    assert said == [
        "little and copies: 2 contents of little and 2 of copies share pictures "
        "(9 and 3 pictures compared)",
        f"wrote {tmp_path / 'm.png'}",
    ]
    with Image.open(tmp_path / "m.png") as figure:
        assert figure.size[0] > figure.size[1] > 200
    for form in FORMATS:
        assert "of5.png" in iqabench(*given, "--format", form)[1]


def test_a_set_without_twins_is_drawn_by_nothing(iqabench, little, tmp_path):
    given = ["datasets", "audit", "little", "--catalog", little.catalog, "--quiet"]
    code, printed, said = iqabench(*given, "--format", "json", "--figure", tmp_path / "m.png")
    assert (code, json.loads(printed)) == (0, [])
    assert said == [
        "little: 0 contents with pictures of another (9 pictures compared)",
        "no pairs, no figure",
    ]
    assert not (tmp_path / "m.png").exists()


def test_a_run_says_what_was_shared_and_leaves_it_out_where_asked(iqabench, little, copies, store):
    given = ["run", "--models", "brisque", "--datasets", "copies:little", "--seeds", "1"]
    places = ["--catalog", little.catalog, "--store", store, "--quiet"]
    code, printed, _ = iqabench(*given, *places, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(printed))
    assert (code, row["shared"], row["shared_contents"]) == (0, "2", "c0.png; c5.png")
    assert (row["contents"], row["protocol"]) == ("9", "cross")
    text = iqabench(*given, *places)[1]
    assert "2/9" in text
    assert "shared: 2 contents of little are also in copies: c0.png, c5.png" in text

    code, printed, _ = iqabench(*given, *places, "--format", "csv", "--exclude-shared")
    (without,) = csv.DictReader(io.StringIO(printed))
    assert (without["contents"], without["protocol"]) == ("7", "cross without shared")
    assert without["srocc_mean"] != row["srocc_mean"]
    board = ["leaderboard", "--store", store, "--format", "csv"]
    assert iqabench(*board, "--exclude-shared")[1] == printed
    (again,) = csv.DictReader(io.StringIO(iqabench(*board)[1]))
    assert again == row


@pytest.fixture
def unaudited(copies, tmp_path, monkeypatch):
    """Sets with shared contents, and a cache that knows no audit."""
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "new-cache"))


@pytest.fixture
def pending(iqabench, little, unaudited, store, monkeypatch):
    """A run that was killed before its audit; returns its arguments and places."""
    given = ["run", "--models", "brisque", "--datasets", "copies:little", "--seeds", "1"]
    places = ["--catalog", little.catalog, "--store", store, "--quiet"]

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("iqabench.audit.pairs._made", killed)
        assert iqabench(*given, *places)[0] != 0
    return given, places


def test_until_the_audit_has_ended_shared_is_pending(iqabench, pending, store, tmp_path):
    board = ["leaderboard", "--store", store]
    for form in FORMATS:
        assert "pending" in iqabench(*board, "--format", form)[1]
    (row,) = csv.DictReader(io.StringIO(iqabench(*board, "--format", "csv")[1]))
    assert (row["shared"], row["shared_contents"]) == ("pending", "")
    assert iqabench(*board, "--sort", "shared")[0] == 0
    said = iqabench(*board)
    assert any("copies and little have yet to be audited" in line for line in [said[1], *said[2]])
    iqabench("report", "--store", store, "-o", tmp_path / "page.html")
    assert "also in copies is pending" in (tmp_path / "page.html").read_text()


def test_the_next_run_makes_the_audit_and_no_job(iqabench, pending):
    given, places = pending
    code, printed, _ = iqabench(*given, *places, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(printed))
    assert (code, row["shared"], row["shared_contents"]) == (0, "2", "c0.png; c5.png")


def test_leaving_out_what_is_shared_makes_the_audit(iqabench, pending, little, store):
    places = ["--store", store, "--catalog", little.catalog, "--format", "csv"]
    (without,) = csv.DictReader(
        io.StringIO(iqabench("leaderboard", *places, "--exclude-shared")[1])
    )
    assert (without["contents"], without["shared"]) == ("7", "2")


def test_an_audit_by_hand_tells_the_results_that_wait_for_it(
    iqabench, pending, little, store, monkeypatch
):
    monkeypatch.setenv("IQABENCH_STORE", str(store))
    iqabench("datasets", "audit", "copies:little", "--catalog", little.catalog, "--quiet")
    (row,) = csv.DictReader(io.StringIO(iqabench("leaderboard", "--format", "csv")[1]))
    assert row["shared"] == "2"


def test_a_failed_audit_leaves_the_results_and_says_so(
    iqabench, little, unaudited, store, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("iqabench.audit.pairs._made", full)
    given = ["run", "--models", "brisque", "--datasets", "copies:little", "--seeds", "1"]
    places = ["--catalog", little.catalog, "--store", store]
    code, printed, said = iqabench(*given, *places, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(printed))
    assert (code, row["shared"]) == (0, "pending")
    assert any("stays pending: the audit failed" in line for line in said)


def test_jobs_do_not_wait_for_the_audit(iqabench, little, unaudited, store, monkeypatch):
    order = []
    from iqabench.audit import pairs
    from iqabench.engine import making

    audit, work = pairs._made, making._work
    monkeypatch.setattr(pairs, "_made", lambda *a: order.append("audit") or audit(*a))
    monkeypatch.setattr(making, "_work", lambda *a: order.append("job") or work(*a))
    given = ["run", "--models", "brisque", "--datasets", "copies:little", "--seeds", "1"]
    assert iqabench(*given, "--catalog", little.catalog, "--store", store, "--quiet")[0] == 0
    assert order == ["job", "job", "audit"]
