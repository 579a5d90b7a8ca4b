import hashlib
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from iqabench.catalog import BoundDataset, Catalog
from iqabench.contract import DataError
from iqabench.data.tables import read
from iqabench.registry import registry
from iqabench.sets import verify as verifying
from iqabench.sets.verify import Problem, verify


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """What one test has decoded, another must not remember."""
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def bound(little, tmp_path):
    """The small set in files of its own, with a range on its card."""
    root = shutil.copytree(little.root, tmp_path / "own")
    known = Catalog(registry(), little.catalog).get("little")
    card = known.card.model_copy(update={"score_range": (0, 5), "images": 36, "contents": 9})
    return BoundDataset(card, root, known.options)


def with_card(bound, **fields):
    return BoundDataset(bound.card.model_copy(update=fields), bound.root, bound.options)


def edit(bound, old, new):
    path = bound.root / "scores.csv"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def problems(bound):
    return [(one.problem, one.file) for one in verify(bound).problems]


def score_of(bound, name):
    table = read(bound).table.set_index("image")
    return f"{name},{table.loc[name, 'mos']:.3f}"


def test_a_clean_set(bound):
    ticks = []
    found = verify(bound, lambda *what: ticks.append(what))
    assert (found.problems, found.pictures, found.remembered) == ((), 45, 0)
    assert ticks == [(done, 45, "verifying") for done in range(1, 46)]


def test_files_that_are_missing_extra_or_no_pictures(bound):
    (bound.root / "c0_1.png").unlink()
    (bound.root / "c1.png").unlink()
    (bound.root / "c2_1.png").write_text("no picture")
    whole = (bound.root / "c3_1.png").read_bytes()
    (bound.root / "c3_1.png").write_bytes(whole[: len(whole) // 2])
    shutil.copy(bound.root / "c4.png", bound.root / "stray.PNG")
    (bound.root / "notes.txt").write_text("no picture, and none is expected")
    assert sorted(problems(bound)) == [
        ("extra", "stray.PNG"),
        ("missing", "c0_1.png"),
        ("missing", "c1.png"),
        ("unreadable", "c2_1.png"),
        ("unreadable", "c3_1.png"),
    ]


@pytest.mark.parametrize(("unlabelled", "rows"), [(2, 0), (None, 0), (0, 2), (3, 2)])
def test_pictures_that_are_known_to_have_no_label(bound, unlabelled, rows):
    for name in ("x.png", "y.bmp"):
        shutil.copy(bound.root / "c4.png", bound.root / name)
    (bound.root / "below").mkdir()
    shutil.copy(bound.root / "c4.png", bound.root / "below")  # no labelled picture is there
    assert len(problems(with_card(bound, unlabelled=unlabelled))) == rows


def test_a_picture_of_another_size_than_its_reference(bound):
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(bound.root / "c0_1.png")
    assert verify(bound).problems == (Problem("size", "c0_1.png", "40x30, its reference is 96x80"),)


def test_labels_against_the_card(bound):
    first, second, third = (score_of(bound, f"c{number}_1.png") for number in range(3))
    edit(bound, first, "c0_1.png,6.5")
    edit(bound, second, "c1_1.png,nan")
    edit(bound, third, "c2_1.png,good")
    found = verify(bound).problems
    assert [(one.problem, one.file) for one in found] == [
        ("label", "c0_1.png"),
        ("label", "c1_1.png"),
        ("label", "c2_1.png"),
    ]
    assert found[0].detail == "the score 6.5 is outside 0 to 5"
    assert "'good'" in found[2].detail


def test_an_image_listed_twice(bound):
    lines = (bound.root / "scores.csv").read_text()
    (bound.root / "scores.csv").write_text(lines + lines.splitlines()[1] + "\n")
    assert problems(bound) == [("label", "c0_1.png"), ("count", "")]


def test_counts_against_the_card(bound):
    found = verify(with_card(bound, images=40, contents=10)).problems
    assert [one.detail for one in found] == [
        "36 images, not 40 as on the card",
        "9 contents, not 10 as on the card",
    ]


def test_what_only_the_canonical_table_refuses_is_a_problem_too(bound):
    edit(bound, "c0_1.png", "c0_1.png".upper())
    (bound.root / "C0_1.PNG").write_bytes((bound.root / "c0_1.png").read_bytes())
    (bound.root / "c0_1.png").unlink()
    assert problems(bound) == []
    text = (bound.root / "scores.csv").read_text()
    (bound.root / "scores.csv").write_text(text.replace(",c8.png,", ",,", 1))
    assert [one.detail for one in verify(with_card(bound, contents=0)).problems] == [
        "data set 'little': no reference for c8_1.png (scores.csv, line 34, column 'original')"
    ]


def test_checksums_where_there_are_any(bound):
    def line(name, content=None):
        content = content or (bound.root / name).read_bytes()
        return f"{hashlib.sha256(content).hexdigest()}  {name}\n"

    sums = bound.root / "SHA256SUMS"
    sums.write_text(line("c0.png") + line("scores.csv"))
    assert problems(bound) == []
    sums.write_text(line("c0.png", b"other") + line("gone.png", b"x") + line("c1.png"))
    assert problems(bound) == [("checksum", "c0.png"), ("missing", "gone.png")]


def test_a_second_check_decodes_only_what_changed(bound, monkeypatch):
    verify(bound)
    decoded = []
    plain = verifying.decode

    def counted(path):
        decoded.append(path.name)
        return plain(path)

    monkeypatch.setattr(verifying, "decode", counted)
    assert (verify(bound).remembered, decoded) == (45, [])
    noise = np.random.default_rng(9).integers(0, 256, (80, 96, 3), np.uint8)
    Image.fromarray(noise).save(bound.root / "c5_2.png")
    assert (verify(bound).remembered, decoded) == (44, ["c5_2.png"])
    (bound.root / "c5_2.png").write_text("no picture")
    for _ in range(2):  # what failed is tried again
        decoded.clear()
        assert problems(bound) == [("unreadable", "c5_2.png")]
        assert decoded == ["c5_2.png"]


def test_an_interrupted_check_goes_on(bound):
    def stop(done, total, what):
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(bound, stop)
    found = verify(bound)
    assert (found.problems, found.remembered) == ((), 20)


def test_a_memory_that_was_cut_off_is_no_harm(bound, tmp_path):
    verify(bound)
    (memory,) = (tmp_path / "cache" / "verified").iterdir()
    memory.write_text(memory.read_text()[:-3])
    found = verify(bound)
    assert found.problems == ()
    assert 44 <= found.remembered <= 45


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "scores.csv is missing"),
        ("file,score,original,kind,strength\n", "no rows"),
        ("file,score\nc0_1.png,1\n", "lacks the columns"),
    ],
)
def test_labels_that_cannot_be_read_at_all(bound, text, words):
    if text is None:
        (bound.root / "scores.csv").unlink()
    else:
        (bound.root / "scores.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        verify(bound)


def test_a_cache_that_cannot_be_written(bound, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "file"))
    assert problems(bound) == []
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    assert problems(bound) == []
    (place,) = (tmp_path / "cache" / "verified").iterdir()
    lines = place.read_bytes()
    assert len(lines.splitlines()) == 45
    place.write_bytes(lines.replace(b" 80 96 ", b" 81 96 ", 1) + b"\xff")
    assert problems(bound) == []


def test_a_picture_that_the_disk_has_changed_is_found(bound, monkeypatch):
    """As a failing disk does it: other bytes, and no trace in what the system says of the file."""
    from iqabench.data import file_hashes as hashing

    monkeypatch.setattr(hashing, "text_of", lambda stat: "always the same")
    monkeypatch.setattr(hashing, "CLOCK_STEP", -(10**9))
    assert problems(bound) == []
    assert len(read(bound).image_hashes) == 45
    path = bound.root / "c5_2.png"
    path.write_bytes(b"x" * path.stat().st_size)
    assert problems(bound) == [("unreadable", "c5_2.png")]


def test_extra_pictures_are_known_by_their_content(bound):
    for name in ("stray", ".hidden", "mixed.GIF"):
        shutil.copy(bound.root / "c4.png", bound.root / name)
    (bound.root / "._c4.png").write_bytes(bytes.fromhex("00051607") + bytes(60))
    found = verify(bound)
    assert [(one.problem, one.file) for one in found.problems] == [
        ("extra", ".hidden"),
        ("extra", "mixed.GIF"),
        ("extra", "stray"),
    ]
    assert found.others == ("._c4.png", "scores.csv")
    assert found.note == "2 files that are no pictures: ._c4.png, scores.csv"


def test_links_and_unicode_forms_are_checked_as_they_are_read(bound, tmp_path):
    (tmp_path / "store").mkdir()
    (bound.root / "c3_1.png").rename(tmp_path / "store" / "c3_1.png")
    (bound.root / "c3_1.png").symlink_to(tmp_path / "store" / "c3_1.png")
    (bound.root / "c4_1.png").rename(bound.root / "cafe\u0301.png")
    edit(bound, "c4_1.png", "caf\u00e9.png")
    found = verify(replace(bound, links=tmp_path / "store"))
    assert (found.problems, found.pictures) == ((), 45)
