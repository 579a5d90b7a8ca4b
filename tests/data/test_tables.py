from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from iqabench.catalog import BoundDataset, Catalog
from iqabench.contract import DataError, DatasetCard
from iqabench.data.tables import Dataset, canonical, read
from iqabench.registry import registry

CARD = DatasetCard(name="set", title="Set", reader="iqabench_datasets.generic:read")


@pytest.fixture
def root(tmp_path):
    for name in ("a.png", "b.png", "c.png", "r.png", "s.png"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def table(**columns):
    return pd.DataFrame({"image": ["b.png", "a.png", "c.png"], "mos": [2.0, 1.0, 3.0]} | columns)


def dataset(root, raw=None, card=CARD):
    return Dataset(card, root, canonical(table() if raw is None else raw, card, root))


def test_rows_are_sorted_by_image(root):
    found = canonical(table(), CARD, root)
    assert list(found["image"]) == ["a.png", "b.png", "c.png"]
    assert list(found["mos"]) == [1, 2, 3]
    assert list(found.index) == [0, 1, 2]


def test_content_is_what_is_given_else_the_reference_else_the_image(root):
    references = ["r.png", "r.png", "s.png"]
    given = canonical(table(content=[1, 2, 2], reference=references), CARD, root)
    assert list(given["content"]) == ["2", "1", "2"]
    by_reference = canonical(table(reference=references), CARD, root)
    assert list(by_reference["content"]) == ["r.png", "r.png", "s.png"]
    alone = canonical(table(), CARD, root)
    assert list(alone["content"]) == ["a.png", "b.png", "c.png"]
    assert "reference" not in alone


def test_a_set_without_labels_has_neither_scores_nor_quality(root):
    card = CARD.model_copy(update={"label_kind": "none"})
    found = canonical(table().drop(columns="mos"), card, root)
    assert list(found) == ["image", "content"]
    with pytest.raises(DataError, match=r"unknown \['mos'\]"):
        canonical(table(), card, root)


@pytest.mark.parametrize(
    ("fields", "quality"),
    [
        ({"direction": "higher"}, [1, 2, 3]),
        ({"direction": "lower"}, [-1, -2, -3]),
        ({"direction": "lower", "score_range": (0, 9)}, [8, 7, 6]),
        ({"direction": "lower", "score_range": (1, 5)}, [5, 4, 3]),
    ],
)
def test_quality_is_higher_for_better_in_the_units_of_the_scores(root, fields, quality):
    found = canonical(table(), CARD.model_copy(update=fields), root)
    assert list(found["quality"]) == quality
    assert list(found["mos"]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (table().drop(columns="mos"), "lacks ['mos']"),
        (table().drop(columns="image"), "lacks ['image']"),
        (table(colour=1), "unknown ['colour']"),
        (table(quality=1.0), "unknown ['quality']"),
        (table().iloc[:0], "no rows"),
        (table(mos=[1.0, np.nan, 2.0]), "first a.png"),
        (table(mos=[1.0, 2.0, np.inf]), "first c.png"),
        (table(mos=["1", "good", "2"]), "a.png"),
        (table(image=["a.png", "b.png", "b.png"]), "first b.png"),
        (table(image=["a.png", "b.png", "z.png"]), "1 of 3 images are missing, first z.png"),
        (table(reference=["r.png", "r.png", "z.png"]), "z.png"),
        (table(reference=["r.png", None, "s.png"]), "a.png"),
        (table(content=["x", None, "y"]), "a.png"),
        (table(official_split=["train", "test", "tset"]), "tset"),
    ],
)
def test_bad_labels_are_refused_by_name(root, raw, words):
    with pytest.raises(DataError) as error:
        dataset(root, raw).hash  # noqa: B018
    assert words in error.value.message
    assert "'set'" in error.value.message
    assert "\n" not in error.value.message
    assert error.value.hint


def test_the_hash_knows_labels_and_pictures_and_not_the_order_of_rows(root):
    base = dataset(root).hash
    assert dataset(root, table().iloc[::-1]).hash == base
    assert dataset(root, table(mos=[2.0, 1.0, 3.5])).hash != base
    assert dataset(root, table(content=["x", "x", "y"])).hash != base
    (root / "a.png").write_bytes(b"another picture")
    assert dataset(root).hash != base


@pytest.mark.parametrize("column", ["mos_std", "level", "distortion", "raters"])
def test_what_a_row_does_not_know_may_be_left_open(root, column):
    values = ["noise", None, "blur"] if column == "distortion" else [1.0, np.nan, 3.0]
    found = dataset(root, table(**{column: values}))
    assert found.table[column].isna().sum() == 1
    filled = table(**{column: [values[0], values[0], values[2]]})
    assert found.hash == dataset(root, table(**{column: values})).hash != dataset(root, filled).hash


def test_the_hash_knows_what_references_hold(root):
    raw = table(reference=["r.png", "r.png", "s.png"])
    before = dataset(root, raw).hash
    (root / "s.png").write_bytes(b"another reference")
    assert dataset(root, raw).hash != before


def test_the_hash_does_not_know_where_the_files_are(root, tmp_path_factory):
    there = tmp_path_factory.mktemp("there")
    for path in root.iterdir():
        (there / path.name).write_bytes(path.read_bytes())
    assert dataset(there).hash == dataset(root).hash


def test_rows_of_contents(root):
    found = dataset(root, table(content=["x", "y", "x"]))
    rows = found.rows_of(["x"])
    assert list(rows["image"]) == ["b.png", "c.png"]
    assert list(rows.index) == [0, 1]
    assert len(found.rows_of([])) == 0


def read_generic(root, **options):
    return read(BoundDataset(CARD, root, options))


def test_reading_through_the_generic_reader(root):
    (root / "l.csv").write_text("file,score,rater\nb.png,2,x\na.png,1,y\n")
    found = read_generic(root, labels="l.csv", columns={"image": "file", "mos": "score"})
    assert list(found.table.columns) == ["image", "mos", "content", "quality"]
    assert list(found.table["image"]) == ["a.png", "b.png"]
    assert found.name == "set"


def test_parquet_labels_read_as_csv_ones(root):
    table().to_csv(root / "l.csv", index=False)
    table().to_parquet(root / "l.parquet")
    assert read_generic(root, labels="l.csv").hash == read_generic(root, labels="l.parquet").hash


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {"labels": "none.csv"}, "none.csv is missing"),
        ("", {}, "names no label file"),
        ("", {"labels": "l.csv"}, "l.csv"),
        ("file,score\n", {"labels": "l.csv"}, "l.csv lacks the columns image, mos"),
        ("image,mos\n", {"labels": "l.csv"}, "no rows"),
        ("image,mos\na.png,1\nb.png,2,3,4\n", {"labels": "l.csv"}, "l.csv"),
        ("image,mos\na.png,bad\n", {"labels": "l.csv"}, "a.png"),
        ("image,mos\na.png,1\n", {"labels": "l.csv", "columns": "image"}, "columns"),
        ("image,mos\na.png,1\n", {"labels": "l.csv", "columns": {"picture": "image"}}, "picture"),
        ("image,mos\xff\n", {"labels": "l.csv"}, "l.csv"),
        ("image,mos\na.png,1\n", {"labels": "l.parquet"}, "l.parquet"),
    ],
)
def test_label_files_that_cannot_be_used(root, text, options, words):
    for name in ("l.csv", "l.parquet"):
        (root / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError) as error:
        read_generic(root, **options)
    assert words in error.value.message + error.value.hint
    assert "\n" not in error.value.message
    assert error.value.hint


def test_whatever_a_reader_raises_is_one_line_and_a_hint(root, monkeypatch):
    def raising(error):
        def reader(root, options):
            raise error

        monkeypatch.setattr("iqabench.data.tables.load", lambda target: reader)
        with pytest.raises(DataError) as refused:
            read(BoundDataset(CARD, root))
        assert refused.value.message.startswith("data set 'set': ")
        assert refused.value.hint
        return refused.value.message

    assert "TypeError" in raising(TypeError())
    assert "first second" not in raising(AttributeError("first\nsecond"))
    assert "x.csv is missing" in raising(FileNotFoundError(2, "no such file", "x.csv"))
    assert "wrong" in raising(DataError("wrong", "mend it"))


def test_a_reader_may_say_in_which_range_its_scores_lie(root, monkeypatch):
    raw = table()
    raw.attrs["score_range"] = (0, 10)
    monkeypatch.setattr("iqabench.data.tables.load", lambda target: lambda root, options: raw)
    card = CARD.model_copy(update={"direction": "lower", "score_range": (0, 5)})
    found = read(BoundDataset(card, root))
    assert found.card.score_range == (0, 10)
    assert list(found.table["quality"]) == [9, 8, 7]


def test_the_small_set(little):
    found = read(Catalog(registry(), little.catalog).ready("little"))
    assert len(found.table) == 36
    assert found.table["content"].nunique() == 9
    assert set(found.table["distortion"]) == {"blur", "noise"}
    for _, rows in found.table.groupby("content"):
        assert rows.sort_values("level")["quality"].is_monotonic_decreasing
    assert set(found.image_hashes) == set(found.table["image"]) | set(found.table["reference"])
    assert len(set(found.image_hashes.values())) == 45
    assert replace(found).hash == found.hash


FORMS = ("caf\u00e9.png", "cafe\u0301.png")
"""One name in Unicode's forms C and D."""


def own(root, text, **more):
    """The set that a label file of that text describes."""
    (root / "scores.csv").write_text(text, encoding="utf-8")
    return read(BoundDataset(CARD, root, {"labels": "scores.csv"}, **more))


@pytest.mark.parametrize("there", FORMS)
@pytest.mark.parametrize("listed", FORMS)
def test_a_set_is_the_same_whatever_form_its_names_have(root, listed, there):
    """Macs wrote form D, label files mostly hold form C."""
    (root / there).write_bytes(b"the same")
    found = own(root, f"image,reference,mos\na.png,{listed},1\n{listed},{listed},2\n")
    assert list(found.table["image"]) == ["a.png", FORMS[0]]
    assert set(found.table["content"]) == {FORMS[0]}
    assert found.path(FORMS[0]).read_bytes() == b"the same"
    assert found.path("a.png") == root / "a.png"
    hashed = found.hash
    (root / there).rename(root / "aside")
    (root / FORMS[0]).write_bytes(b"the same")
    plain = own(root, f"image,reference,mos\na.png,{FORMS[0]},1\n{FORMS[0]},{FORMS[0]},2\n")
    assert hashed == plain.hash


def test_one_picture_in_two_forms_is_listed_twice(root):
    (root / FORMS[1]).write_bytes(b"x")
    with pytest.raises(DataError, match="listed twice"):
        own(root, f"image,mos\n{FORMS[0]},1\n{FORMS[1]},2\n")


def test_odd_names_are_names(root):
    names = [
        "-dash.png",
        " space.png",
        "it's.png",
        'say ""no"".png',
        "a,b.png",
        "=1+1.png",
        "#.png",
    ]
    plain = [name.replace('""', '"') for name in names]
    for name in plain:
        (root / name).write_bytes(name.encode())
    lines = "".join(f'"{name}",{number}\n' for number, name in enumerate(names))
    found = own(root, f"image,mos\n{lines}")
    assert set(found.table["image"]) == set(plain)
    assert len(set(found.image_hashes.values())) == len(names)


@pytest.mark.parametrize("name", ["two\nlines.png", "tab\t.png", "esc\x1b[31m.png"])
def test_names_with_control_characters_are_refused_visibly(root, name):
    (root / name).write_bytes(b"x")
    with pytest.raises(DataError, match="is no usable path") as error:
        canonical(table(image=[name, "a.png", "b.png"]), CARD, root)
    assert error.value.message.isprintable()


def test_a_set_of_links_into_a_stated_folder(root, tmp_path_factory):
    store, subset = (tmp_path_factory.mktemp(name) for name in ("store", "subset"))
    (store / "whole.png").write_bytes(b"whole")
    (subset / "part.png").symlink_to(store / "whole.png")
    text = "image,mos\npart.png,1\n"
    with pytest.raises(DataError, match="leads out") as error:
        own(subset, text)
    assert "links: DIR" in error.value.hint
    found = own(subset, text, links=store)
    assert list(found.image_hashes) == ["part.png"]
    assert found.path("part.png").read_bytes() == b"whole"
    with pytest.raises(DataError, match="leads out"):
        own(subset, text, links=root)
