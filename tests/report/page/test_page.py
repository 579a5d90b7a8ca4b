"""Whole pages of odd stores: each is a sensible page or a clear sentence."""

import re
from html.parser import HTMLParser

import pytest
from synthetic import study

from iqabench import Results, Session
from iqabench.contract import IqabenchError
from iqabench.report import leaderboard

VOID = {"meta", "link", "input", "br", "img", "wbr"}


class Page(HTMLParser):
    """The text of each section, and a check that tags are nested well."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sections, self.attributes, self.section = [], {}, [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.attributes += attributes
        if tag == "section":
            self.section = dict(attributes)["id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        words = " ".join([self.sections.get(self.section, ""), *data.split()])
        self.sections[self.section] = words


@pytest.fixture
def results(book):
    """Of the book's store."""
    return Results(Session(store=book.store.root))


@pytest.fixture
def page(results, tmp_path):
    """Writes the page of the book and reads it."""

    def read(**more):
        path = tmp_path / "page.html"
        results.report(path, **more)
        found = Page(path.read_text(encoding="utf-8"))
        assert found.open == []
        return found

    return read


def test_every_section_is_there(book, page):
    for label, noise in (("one", 0.2), ("two", 1.0)):
        book.add(label, book.noisy(noise))
    sections = page().sections
    board = book.board()
    for label in ("one", "two"):
        mean = f"{board.loc[label, 'srocc_mean']:.3f}"
        assert f"{label} {mean}" in sections["leaderboard"]
        assert mean in sections["transfer"]
        assert label in sections["scatter"]
        assert label in sections["worst"]
        assert f"{label} trained on set , tested on set" in sections["origin"]
    assert "No test set here names its distortions" in sections["distortions"]
    assert "2 models on 1 test sets in common are too few to rank" in sections["ranks"]
    assert "Every model scored every picture" in sections["failures"]
    assert "set has no thumbnails: unknown data set 'set'" in sections["scatter"]
    assert "iqabench, version" in sections["citations"]


def test_one_model_has_nothing_to_be_compared_with(book, page):
    book.add("one", book.noisy(0.5))
    assert "one is the only model: it takes two to compare" in page().sections["differences"]


def test_one_seed_and_one_content_leave_dashes_where_nothing_is_defined(book, page):
    book.folds = [["c00"]]
    book.table = book.table[book.table["content"] == "c00"]
    book.store.save_table("set", "1" * 16, book.table)
    for label in ("one", "two"):
        book.add(label, book.table["quality"], folds=(0,), test_hash="1" * 16)
    assert "1/1" in page().sections["leaderboard"]


def test_one_picture(book, page):
    book.folds = [["c00"]]
    book.table = book.table[:1]
    book.store.save_table("set", "1" * 16, book.table)
    for label in ("one", "two"):
        book.add(label, book.table["quality"] + 1, folds=(0,), test_hash="1" * 16)
    sections = page().sections
    assert "No curve could be fitted" in sections["worst"]
    assert "nan" not in sections["leaderboard"] + sections["transfer"] + sections["differences"]


def test_all_jobs_failed(book, page):
    for label in ("one", "two"):
        book.add(label, None, status="failed")
    sections = page().sections
    assert "0/3 0%" in sections["leaderboard"]
    assert "3 of 3 0.0%" in sections["failures"]
    assert "Nothing was scored" in sections["scatter"]


def test_nothing_was_tested_yet(results):
    with pytest.raises(IqabenchError, match=r"nothing in .* was tested yet") as caught:
        results.report("page.html")
    assert "iqabench run" in caught.value.hint


def test_proxy_and_human_labels_are_told_apart(book, page):
    book.store.save_table("other", "1" * 16, book.table)
    for label, noise in (("a", 0.2), ("b", 0.5), ("c", 1)):
        book.add(label, book.noisy(noise))
        keys = {"test": "other", "train": "other", "test_hash": "1" * 16, "labels": "proxy"}
        book.add(label + "'", book.noisy(noise), name=f"{label}x", **keys)
    sections = page().sections
    assert "other (proxy labels)" in sections["transfer"]
    assert "other (proxy labels)" in sections["scatter"]
    assert "proxy labels: quality comes from a full-reference measure" in sections["leaderboard"]


HOSTILE = """<script>alert("1")</script>'"&"""


def test_names_are_escaped(book, page, tmp_path):
    test = HOSTILE.replace("/", "")  # which names a file
    book.table["image"] = HOSTILE + book.table["image"]
    book.store.save_table(test, "2" * 16, book.table.assign(distortion=HOSTILE))
    scores = book.noisy(0.5)
    scores[3] = float("nan")
    for label in ("one", "two"):
        keys = {"test": test, "train": HOSTILE, "test_hash": "2" * 16}
        book.add(HOSTILE + label, scores, name=label, **keys)
    found = page()
    for section in ("leaderboard", "transfer", "differences", "scatter", "worst", "origin"):
        assert f"{HOSTILE}one" in found.sections[section]
    assert HOSTILE in found.sections["distortions"]
    assert book.table["image"][3] in found.sections["failures"]
    assert "<script>alert" not in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not [name for name, _ in found.attributes if name.startswith("on")]


def test_nothing_is_fetched(book, page):
    book.add("one", book.noisy(0.5))
    for name, value in page().attributes:
        if name in ("src", "href"):
            assert value.startswith(("#", "data:"))
        assert name != "srcset"


def test_the_same_store_gives_the_same_page(book, page, tmp_path):
    book.add("one", book.noisy(0.5))
    page()
    first = (tmp_path / "page.html").read_bytes()
    page()
    assert (tmp_path / "page.html").read_bytes() == first


def test_seen_contents_can_be_left_out(book, page):
    for label, shared in (("one", book.folds[0]), ("two", [])):
        book.add(label, book.noisy(0.5), shared=shared)
    sections = page().sections
    assert "4 contents of set that one trained on set has seen" in sections["leaderboard"]
    assert "without shared" not in sections["leaderboard"]
    assert "3-fold without shared" in page(exclude_shared=True).sections["leaderboard"]


def test_a_runs_own_results_are_shown_alone(book, tmp_path):
    for label in ("one", "two"):
        book.add(label, book.noisy(0.5))
    path = tmp_path / "page.html"
    Results(Session(store=book.store.root), book.ids("one")).report(path)
    assert 'data-model="two"' not in path.read_text(encoding="utf-8")
    assert 'data-model="one"' in path.read_text(encoding="utf-8")


def test_the_command_writes_the_page_and_refuses_a_place_that_is_not_there(
    iqabench, book, results, tmp_path
):
    book.add("one", book.noisy(0.5))
    path = tmp_path / "out.html"
    code, printed, said = iqabench("report", "-o", path, "--store", book.store.root, "--quiet")
    assert (code, printed, said) == (0, "", [f"wrote {path}"])
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    code, _, said = iqabench("report", "-o", tmp_path / "no" / "x", "--store", book.store.root)
    assert (code, said[0]) == (2, f"error: cannot write {tmp_path / 'no' / 'x'}: no such folder")
    code, _, said = iqabench("report", "-o", path, "--store", tmp_path / "nothing")
    assert (code, said[0]) == (2, f"error: no results at {tmp_path / 'nothing'}")
    with pytest.raises(IqabenchError, match="cannot write"):
        results.report(tmp_path / "no" / "x")


@pytest.mark.slow
def test_a_large_study_makes_a_small_page(tmp_path, monkeypatch):
    monkeypatch.setattr(leaderboard, "RESAMPLES", 20)
    models = [f"model-{number}" for number in range(12)]
    made = study(tmp_path, models, ["one", "two", "three", "four"], 3)
    path = tmp_path / "page.html"
    Results(Session(made.catalog, store=made.store)).report(path)
    assert path.stat().st_size < 5e6
    text = path.read_text(encoding="utf-8")
    assert text.count("data:image/webp") == 400
    assert len(re.findall('<svg class="scatter"', text)) == 48
