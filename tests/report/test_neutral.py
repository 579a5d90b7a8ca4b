"""Names from elsewhere do nothing in a terminal, a spreadsheet, Markdown or LaTeX."""

import csv
import io
import json
import re
import unicodedata

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from iqabench.report import tables
from iqabench.report.neutral import csv_cell, visible

NASTY = [
    "=1+1",
    "=HYPERLINK(\"http://x\",'a')",
    "+1 (555) 0100",
    "-photo.png",
    "@SUM(A1)",
    "\tx",
    "\r=x",
    "'=quoted",
    "''",
    " leading space",
    "trailing space ",
    'he said "no".png',
    "two\nlines.png",
    "carriage\rreturn",
    "red \x1b[31mtext\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "right\u202eto left",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "[link](http://x)",
    "![image](x.png)",
    "a|b",
    "a\\|b",
    "back\\",
    "**bold**",
    "_slanted_",
    "`code`",
    "a_b_c*.png",
    "$x_1$ \\input{a} {b} 100% #1 & ~ ^",
    "\ue000fake mark\ue002",
    "Ångström.png",
]
PLAIN = ["-3.5", "+2", "1e-3", "-", "a-b.png", "image.png", "x=1", "me@example.org", "-inf", ""]


def spreadsheet_runs(cell):
    """Whether a spreadsheet may run a cell, by OWASP's page on CSV injection."""
    return len(cell) > 1 and cell[0] in "=+-@\t\r" and not re.fullmatch(r"[-+]?[\d.e-]+|-inf", cell)


def restored(cell):
    """A cell as docs/names.md says that it is read back."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r].", cell, re.DOTALL) else cell


@pytest.mark.parametrize("name", [*NASTY, *PLAIN])
def test_csv_is_harmless_and_can_be_read_back(name):
    rows = [{"image": name, "score": -1.5}, {"image": "b", "score": 2.0}]
    text = tables.render(rows, "csv")
    head, first, second = csv.reader(io.StringIO(text, newline=""))
    assert (head, second) == (["image", "score"], ["b", "2.0"])
    assert not spreadsheet_runs(first[0])
    assert restored(first[0]) == name
    assert first[1] == "-1.5"
    frame = pd.read_csv(io.StringIO(text, newline=""), keep_default_na=False)
    assert list(frame["image"].map(str)) == [first[0], "b"]
    assert list(frame["score"]) == [-1.5, 2]


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_no_formula_stays_as_it_is(name):
    assert csv_cell(name) == name


def test_a_file_of_csv_is_written_as_it_is_printed(tmp_path):
    rows = [{"image": name, "score": -1.5} for name in NASTY]
    tables.write_frame(pd.DataFrame(rows), "csv", tmp_path / "t.csv")
    written = (tmp_path / "t.csv").read_bytes().decode()
    assert written == tables.render(rows, "csv") + "\n"


def parsed(text):
    """The cells of a Markdown table below its head, as plain text, and the kinds of their parts."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inside = [one for one in tokens if one.type == "inline"]
    kinds = {part.type for one in inside for part in one.children}
    return ["".join(part.content for part in one.children) for one in inside], kinds


@pytest.mark.parametrize("name", [*NASTY, *PLAIN])
def test_markdown_shows_a_name_as_it_is_written(name):
    rows = [{"image": name, "score": 1.0}, {"image": "b", "score": 2.0}]
    cells, kinds = parsed(tables.render(rows, "markdown"))
    shown = visible(re.sub("[\ue000-\ue003]", "", name)).strip()
    assert cells == ["image", "score", shown, "1", "b", "2"]
    assert kinds <= {"text", "text_special"}


def test_markdown_notes_are_neutral():
    text = tables.annotated("", "markdown", ["seen: **x** of <b>\n- next"])
    cells, kinds = parsed(text)
    assert cells == [r"seen: **x** of <b>\n- next"]
    assert kinds <= {"text", "text_special"}


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
@pytest.mark.parametrize("name", NASTY)
def test_text_holds_no_character_that_a_terminal_acts_on(form, name):
    text = tables.render([{name: name}], form) + tables.annotated("", form, [name])
    kinds = {unicodedata.category(one) for one in text if one != "\n"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert text.count("\n") == tables.render([{"a": "b"}], form).count("\n") + (
        2 if form != "table" else 0
    )


@pytest.mark.parametrize("name", ["[1]", "*x", "[h]*"])
def test_latex_rows_may_begin_with_a_bracket(name):
    r"""``\\[`` and ``\\*`` are commands: an option of the line break before."""
    text = tables.render([{"a": "first"}, {"a": name}], "latex")
    assert not re.search(r"\\\\\s*[\[*]", text)
    assert "{}" + name in text


def test_latex_notes_stay_comments():
    text = tables.annotated("", "latex", ["one\n\\input{secret}"])
    assert [line for line in text.splitlines() if line and not line.startswith("%")] == []


@pytest.mark.parametrize("form", tables.FORMATS)
def test_names_that_are_no_utf8_can_be_written(form, tmp_path):
    rows = [{"image": "caf\udce9.png", "score": 1.0}]
    assert r"\udce9" in tables.render(rows, form).replace(r"\textbackslash{}", "\\").replace(
        "\\\\", "\\"
    )
    tables.render(rows, form).encode()
    tables.write_parquet(rows, tmp_path / "t.parquet")
    assert pd.read_parquet(tmp_path / "t.parquet")["image"][0] == r"caf\udce9.png"


def test_json_keeps_names():
    rows = [{"image": name} for name in NASTY]
    assert json.loads(tables.render(rows, "json")) == rows


def test_visible_keeps_what_it_is_told_to():
    assert visible("a\x1b[31m\n\tb\u202e", keep="\n") == "a\\x1b[31m\n\\tb\\u202e"
    assert visible("plain Ångström – 漢字") == "plain Ångström – 漢字"


def test_the_documented_way_to_read_names_back():
    rows = [{"path": name} for name in [*NASTY, *PLAIN]]
    text = tables.render(rows, "csv")
    frame = pd.read_csv(io.StringIO(text, newline=""), keep_default_na=False, dtype=str)
    back = frame["path"].str.replace(r"(?s)^'('*[=+\-@\t\r].)", r"\1", regex=True)
    assert list(back) == [row["path"] for row in rows]
