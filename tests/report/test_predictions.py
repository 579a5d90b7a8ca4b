import numpy as np
import pandas as pd
import pytest

from iqabench import Results, Session
from iqabench.contract import UnknownNameError, UsageError
from iqabench.report.predictions import COLUMNS, predictions


def test_every_picture_of_every_repetition(book):
    scores = book.noisy(0.5)
    book.add("one", scores)
    found = predictions(book.store)
    assert tuple(found.columns) == COLUMNS
    assert len(found) == 72
    assert found["fold"].value_counts().to_dict() == {0: 24, 1: 24, 2: 24}
    merged = found.merge(book.table, on="image", suffixes=("", "_table"))
    assert (merged["quality"] == merged["quality_table"]).all()
    assert (merged["content"] == merged["content_table"]).all()
    given = dict(zip(book.table["image"], scores, strict=True))
    assert found["prediction"].tolist() == [given[image] for image in found["image"]]
    assert set(found["model"]) == {"one"}
    assert found["distortion"].isna().all()


def test_what_the_labels_have_is_there(book, tmp_path):
    table = book.table.assign(distortion="blur", level=2)
    book.store.save_table("more", "1" * 16, table)
    book.add("one", book.noisy(0.5), test="more", test_hash="1" * 16)
    found = predictions(book.store)
    assert set(found["distortion"]) == {"blur"}
    assert set(found["level"]) == {2}


def test_failures_are_rows_that_say_why(book):
    scores = book.noisy(0.5)
    scores[[3, 40]] = np.nan
    book.add("one", scores)
    book.add("lost", scores, status="failed")
    found = predictions(book.store)
    bad = found[found["prediction"].isna()].groupby("model")["error"].agg(["size", "unique"])
    assert bad.loc["one", "size"] == 2 and list(bad.loc["one", "unique"]) == ["ValueError: odd"]
    assert bad.loc["lost", "size"] == 72


def test_lower_is_better_is_turned_round(book):
    scores = book.noisy(0.5)
    book.add("one", scores)
    book.add("turned", -scores, direction="lower")
    found = predictions(book.store).set_index("model")["prediction"]
    assert found["one"].tolist() == found["turned"].tolist()


def test_some_models_and_sets_only(book):
    book.store.save_table("other", "0" * 16, book.table)
    for label in ("a", "b"):
        book.add(label, book.noisy(0.5))
    book.add("c", book.noisy(0.5), test="other")
    results = Results(Session(store=book.store.root))
    found = results.predictions(["a", "c"])
    assert set(zip(found["model"], found["test"], strict=True)) == {("a", "set"), ("c", "other")}
    assert set(results.predictions(datasets=["other"])["model"]) == {"c"}
    assert set(predictions(book.store, only=book.ids("b")[:1])["model"]) == {"b"}
    with pytest.raises(UnknownNameError, match="unknown model") as error:
        results.predictions(["d"])
    assert "a, b, c" in error.value.hint
    with pytest.raises(UnknownNameError, match="unknown test set"):
        results.predictions(datasets=["sets"])
    with pytest.raises(UsageError, match="none of a was tested on any of other"):
        results.predictions(["a"], ["other"])


def test_an_empty_store(book):
    with pytest.raises(UsageError, match="no predictions in"):
        Results(Session(store=book.store.root)).predictions()
    assert tuple(predictions(book.store).columns) == COLUMNS


def test_kinds_survive_parquet(book, tmp_path):
    book.add("one", book.noisy(0.5))
    found = predictions(book.store)
    found.to_parquet(tmp_path / "p.parquet", index=False)
    back = pd.read_parquet(tmp_path / "p.parquet")
    assert back["prediction"].tolist() == found["prediction"].tolist()
    assert str(back["fold"].dtype) == "Int64"
