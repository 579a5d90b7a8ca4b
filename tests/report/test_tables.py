import csv
import io
import json
import math

import pandas as pd
import pytest

from iqabench.report import tables
from iqabench.report.leaderboard import COLUMNS, leaderboard
from iqabench.report.leaderboard_table import notes, short

ROWS = [
    {"name": "plain", "share": 0.1 + 0.2, "count": 3, "lost": None},
    {"name": 'odd, "quoted" & 50%_x', "share": math.nan, "count": 0, "lost": math.inf},
]


def cells(line, mark):
    return [cell.strip() for cell in line.strip(mark).split(mark)]


def test_csv_keeps_every_digit():
    found = list(csv.DictReader(io.StringIO(tables.render(ROWS, "csv"))))
    assert [row["name"] for row in found] == [row["name"] for row in ROWS]
    assert float(found[0]["share"]) == 0.1 + 0.2
    assert (found[0]["lost"], found[1]["share"], found[1]["lost"]) == ("", "", "inf")
    frame = pd.read_csv(io.StringIO(tables.render(ROWS, "csv")))
    assert math.isnan(frame["share"][1])


def test_json_keeps_every_digit_and_has_no_nan():
    text = tables.render(ROWS, "json")
    found = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found[0] == ROWS[0]
    assert found[1] == {**ROWS[1], "share": None, "lost": None}


def test_markdown():
    head, rule, first, second = tables.render(ROWS, "markdown").splitlines()
    assert cells(head, "|") == ["name", "share", "count", "lost"]
    assert set(rule) <= set("|-: ")
    assert cells(first, "|") == ["plain", "0.3", "3", "-"]
    assert cells(second, "|")[1:3] == ["-", "0"]


def test_markdown_cells_may_hold_the_mark():
    text = tables.render([{"a": "x|y", "b": "z"}], "markdown")
    assert r"x\|y" in text.splitlines()[2]


def test_latex():
    text = tables.render(ROWS, "latex")
    assert text.startswith(r"\begin{tabular}")
    assert text.endswith(r"\end{tabular}")
    assert r"50\%\_x" in text
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert cells(body.strip().splitlines()[0].removesuffix(r"\\"), "&") == [
        "plain",
        "0.3",
        "3",
        "-",
    ]


def test_text():
    head, rule, first, second = tables.render(ROWS, "table").splitlines()
    assert head.split() == ["name", "share", "count", "lost"]
    assert set(rule) == {"-", " "}
    assert first.split() == ["plain", "0.3", "3", "-"]
    assert second.split()[-2:] == ["0", "inf"]


@pytest.mark.parametrize("form", tables.FORMATS)
def test_chosen_columns_in_their_order(form):
    text = tables.render(ROWS, form, ["count", "name"])
    if form != "json":  # whose rows stay whole
        assert "share" not in text
        assert text.index("count") < text.index("name")


@pytest.mark.parametrize("form", tables.FORMATS)
def test_no_rows(form):
    text = tables.render([], form, ["a", "b"])
    if form == "json":
        assert json.loads(text) == []
    else:
        assert text.index("a") < text.rindex("b")


def test_whole_numbers_stay_whole(book):
    """A model without parameters must not make the others' a fraction."""
    book.add("one", book.noisy(0.5))
    book.add("two", book.noisy(0.5), job={"parameters": None})
    found = {row["model"]: row["parameters"] for row in tables.records(book.board())}
    assert found["two"] is None or found["two"] != found["two"]
    assert str(found["one"]) == "17"


def test_the_leaderboard_survives_csv_and_json(book):
    book.add("one", book.noisy(0.5))
    book.add("none", book.noisy(0.5), status="failed")
    board = book.board()
    rows = tables.records(board)
    written = io.StringIO(tables.render(rows, "csv", list(COLUMNS)))
    # pandas 2 reads numbers quickly, and not exactly, unless it is told to.
    back = pd.read_csv(written, float_precision="round_trip")
    assert tuple(back.columns) == COLUMNS
    assert back["srocc_mean"].tolist()[0] == board["srocc_mean"].iloc[0]
    assert math.isnan(back["srocc_mean"].tolist()[1])
    first, second = json.loads(tables.render(rows, "json"))
    assert first["krocc_low"] == board["krocc_low"].iloc[0]
    assert second["srocc_mean"] is None


def test_the_short_leaderboard(book):
    book.add("mine", book.noisy(0.5), labels="proxy", init="random")
    book.add("none", book.noisy(0.5), status="failed")
    board = book.board()
    row, failed = short(board)
    full = board.loc["mine"]
    assert row["model"] == "mine*"
    assert row["test"] == "set (proxy labels)"
    assert row["SROCC [95%]"] == (
        f"{full['srocc_mean']:.3f} [{full['srocc_low']:.3f}, {full['srocc_high']:.3f}]"
    )
    assert (row["runs"], row["coverage"], row["ms/image"]) == ("3/3", "100%", "250.0")
    assert (failed["model"], failed["test"]) == ("none", "set")
    assert (failed["runs"], failed["coverage"], failed["KROCC"]) == ("0/3", "0%", "-")
    for form in ("table", "markdown", "latex"):
        text = tables.render([row, failed], form)
        assert "proxy labels" in text
        assert "mine*" in text


def test_notes(book):
    known = {"shared": [], "seen": []}
    book.add("mine", book.noisy(0.5), **known)
    speed, few = notes(book.board())
    assert speed == "ms/image: the model alone, on cpu, fp32, 1 thread"
    assert few.startswith("intervals resample contents; with fewer than 30")
    book.add("proxy", book.noisy(0.5), labels="proxy", init="random", **known)
    found = notes(book.board())
    assert [note[:5] for note in found] == ["proxy", "* tra", "ms/im", "inter"]
    assert notes(book.board().iloc[:0]) == []


def test_shared_contents_in_the_short_leaderboard_and_its_notes(book):
    known = {"shared": ["c00", "c03"], "seen": []}
    book.add("fitted", book.noisy(0.5), train="other", **known)
    book.add("published", book.noisy(0.5), train="-", shared=book.folds[0], seen=["set"])
    book.add("clean", book.noisy(0.5), train="other", shared=[], seen=[])
    book.add("imported", book.noisy(0.5), train="-")
    rows = {row["model"]: row["shared"] for row in short(book.board())}
    assert rows == {"fitted": "2/12", "published": "seen", "clean": "0/12", "imported": "?"}
    usual = ("intervals", "ms/image")
    found = [note for note in notes(book.board()) if not note.startswith(usual)]
    assert set(found) == {
        "shared: 2 contents of set are also in other: c00, c03",
        "seen: the weights of published were made from set",
        "shared ?: not known what imported has seen",
    }
    board = leaderboard(book.store, None, exclude_shared=True)
    rows = {row["model"]: row["shared"] for row in short(board)}
    assert (rows["fitted"], rows["clean"], rows["imported"]) == ("2 left out", "0 left out", "?")
    assert "shared: 2 contents of set are also in other and left out: c00, c03" in notes(board)


def test_a_footnote_on_one_content_is_in_the_singular(book):
    book.add("one", book.noisy(0.5), train="other", shared=["c03"], seen=[])
    assert "shared: 1 content of set is also in other: c03" in notes(book.board())


def test_a_footnote_names_ten_contents_and_counts_the_rest(book):
    book.add(
        "one", book.noisy(0.5), train="other", shared=sorted(set(book.table["content"])), seen=[]
    )
    (note,) = [note for note in notes(book.board()) if note.startswith("shared")]
    assert note.startswith("shared: 12 contents of set are also in other: c00, c01, ")
    assert note.endswith(", c09 and 2 more")


def test_footnotes_are_a_list_in_markdown_and_comments_in_latex():
    for form, start in (("markdown", "- "), ("latex", "% ")):
        text = tables.annotated("TABLE", form, ["one", "two"])
        assert text.splitlines() == ["TABLE", "", start + "one", start + "two"]
        assert tables.annotated("TABLE", form, []) == "TABLE"
    for form in ("csv", "json", "table"):
        assert tables.annotated("TABLE", form, ["one"]) == "TABLE"


def test_latex_escapes_what_it_would_read():
    text = tables.render([{"a_b": r"50% & #1 _x_ $5 {z} ~ ^ \n"}], "latex")
    assert r"a\_b" in text
    assert r"50\% \& \#1 \_x\_ \$5 \{z\}" in text


def test_parquet_keeps_kinds_digits_and_gaps(tmp_path):
    tables.write_parquet(ROWS, tmp_path / "t.parquet")
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert list(frame["name"]) == [row["name"] for row in ROWS]
    assert frame["share"][0] == 0.1 + 0.2
    assert math.isnan(frame["share"][1])
    assert frame["count"].tolist() == [3, 0]
    assert math.isnan(frame["lost"][0])
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_parquet_has_one_kind_in_a_column(tmp_path):
    rows = [{"key": "a", "value": 1}, {"key": "b", "value": "two"}, {"key": "c", "value": None}]
    tables.write_parquet(rows, tmp_path / "t.parquet", ["value", "lost"])
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert list(frame.columns) == ["value", "lost"]
    assert frame["value"].tolist()[:2] == ["1", "two"]
    assert frame["value"].isna().tolist() == [False, False, True]


def test_parquet_without_rows(tmp_path):
    tables.write_parquet([], tmp_path / "t.parquet", ["a", "b"])
    assert pd.read_parquet(tmp_path / "t.parquet").shape == (0, 2)
