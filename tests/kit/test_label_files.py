"""One reader for label files of every kind; every message names file, line and column."""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from iqabench.contract import DataError, IqabenchError
from iqabench.kit.label_files import PLACES, labels, load

WORDS = ["007", "1e5", "NA", "null", "None", "nan", "TRUE", "-1", "a;b.png", "x, y.png", "é.png"]
NUMBERS = [1.5, -2, 3e-3, 4, 0.1, 12345.678, 1e10, 7.25, 0.30000000000000004, 5, 6]


def frame(content, columns=None, numbers=("mos",), name="labels.csv"):
    """The columns image and mos of a label file."""
    raw = content.encode() if isinstance(content, str) else content
    return labels(raw, name).frame(columns or {"image": "image", "mos": "mos"}, numbers)


def written(kind, names=WORDS, numbers=NUMBERS):
    """A label file of a kind, as pandas or a library writes it."""
    table = pd.DataFrame({"image": names, "mos": numbers})
    text = {
        "comma": {},
        "semicolon": {"sep": ";", "decimal": ","},
        "tab": {"sep": "\t", "decimal": ","},
        "pipe": {"sep": "|"},
        "space": {"sep": " "},
        "quoted": {"quoting": 2, "sep": ";"},
        "crlf": {"lineterminator": "\r\n"},
        "cr": {"lineterminator": "\r"},
    }
    if kind in text:
        return table.to_csv(index=False, **text[kind]).encode()
    if kind in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"):
        return table.to_csv(index=False).encode(kind)
    if kind in PACKERS:
        return PACKERS[kind](table.to_csv(index=False).encode())
    stream = io.BytesIO()
    if kind == "parquet":
        table.to_parquet(stream)
    elif kind == "parquet-index":
        table.set_index("image").to_parquet(stream)
    elif kind == "xlsx":
        table.to_excel(stream, index=False)
    elif kind == "zip":
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("labels.csv", table.to_csv(index=False))
    else:
        return table.to_json(orient="records", lines=kind == "jsonl", double_precision=15).encode()
    return stream.getvalue()


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
KINDS = (
    *("comma", "semicolon", "tab", "pipe", "space", "quoted", "crlf", "cr"),
    *("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", *PACKERS, "zip"),
    *("parquet", "parquet-index", "xlsx", "json", "jsonl"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_holds_the_same_names_and_numbers(kind):
    found = labels(written(kind), "labels")
    table = found.frame({"image": "image", "mos": "mos"}, ("mos",))
    assert table["image"].tolist() == WORDS
    rounded = kind in ("json", "jsonl", "xlsx")  # by who wrote it, after 15 or 16 digits
    assert table["mos"].tolist() == ([round(one, 15) for one in NUMBERS] if rounded else NUMBERS)
    assert bool(found.notes) == (kind == "cp1252")


def test_numbers_are_read_to_the_last_bit():
    values = np.nextafter(np.linspace(0.1, 5, 200), 9)
    text = "image,mos\n" + "".join(f"{n}.png,{v!r}\n" for n, v in enumerate(values.tolist()))
    assert frame(text)["mos"].tolist() == values.tolist()


def test_lines_are_counted_as_an_editor_counts_them():
    """After a comment, blank rows, and a name with a line break in quotes."""
    text = '# made by hand\nimage,mos\n\n,\n"a\nb.png",1\n# more, later, on\nc.png,2\r\nd.png,x\n'
    table = frame(text)
    assert dict(zip(table.index, table["image"], strict=True)) == {
        5: "a\nb.png",
        8: "c.png",
        9: "d.png",
    }
    assert table.attrs[PLACES].of(9, "mos") == "labels.csv, line 9, column 'mos'"


def test_a_quoted_header_may_hold_the_separator():
    columns = {"image": "file; name", "mos": 'the "mos"'}
    table = frame('"file; name";"the ""mos"""\n"x;y.png";4,5\n', columns)
    assert table["image"].tolist() == ["x;y.png"]
    assert table["mos"].tolist() == [4.5]


def test_names_keep_their_spaces_and_padded_columns_lose_them():
    assert frame("image,mos\n lead.png,1\nb.png,2\n")["image"].tolist() == [" lead.png", "b.png"]
    assert frame("mos, image\n1, a.png\n2, b.png\n")["image"].tolist() == ["a.png", "b.png"]
    assert frame("mos,image\n1, a.png\n2, b.png\n")["image"].tolist() == ["a.png", "b.png"]
    assert frame("image ,mos\na.png ,1\nb.png ,2\n")["image"].tolist() == ["a.png", "b.png"]
    assert frame('image, mos\n"x, y.png", 1\n')["image"].tolist() == ["x, y.png"]


def test_empty_columns_at_the_end_of_a_spreadsheet_are_left_out():
    table = frame("image,mos,,\na.png,1,,\nb.png,2,,\n")
    assert table["image"].tolist() == ["a.png", "b.png"]
    assert table["mos"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,mos\na.png,1\nb.png\n", "labels.csv, line 3: 1 field, not 2"),
        ("image,mos\na.png,1\nb.png,2,3\n", "labels.csv, line 3: 3 fields, not 2"),
        ("image,mos\na.png,1,\nb.png,2,\n", "labels.csv, line 2: 3 fields, not 2"),
        ("image,mos,,\na.png,1,x,\n", "labels.csv, line 2: 3 fields, not 2"),
        ("image,mos,,\na.png,1,,\nb.png,1,\n", "labels.csv, line 3: 3 fields, not 2"),
        ('image,mos\na.png,1\n"b.png,2\n', "labels.csv, line 3: cannot be read: unexpected end"),
        ("image,mos,mos\na.png,1,2\n", "labels.csv has 2 columns 'mos': columns 2 and 3"),
        ('[{"image": "a", "mos": 1, "mos": 2}]', "labels.csv: a record has two values 'mos'"),
        ("image,score\na.png,1\n", "labels.csv lacks the columns mos"),
        ('image,mos\na.png,"1,5"\n', "line 2, column 'mos': '1,5' is ambiguous"),
        ('image;mos\na.png;1,5\nb.png;"1,234.5"\n', "line 3, column 'mos': '1,234.5' is ambiguous"),
        ("image;mos\na.png;1.5\nb.png;1,5\n", "line 3, column 'mos': '1,5' is ambiguous"),
        ("image;mos\na.png;1,234,567\n", "line 2, column 'mos': '1,234,567' is ambiguous"),
        ('[{"image": "a.png", "mos": "1,5"}]', "line 1, column 'mos': '1,5' is ambiguous"),
        ('{"image": "a.png", "mos": 1}\n{"image"', "labels.csv, line 2: no JSON"),
        ('[{"image": "a.png", "mos": 1}', "labels.csv is cut off"),
        ('[{"image": ["a.png"], "mos": 1}]', "line 1, column 'image': list, no text"),
        ("[1, 2]", "labels.csv, line 1: no record"),
        ("[" * 9999 + "]", "no JSON: nested too deeply"),
        ("", "cannot read labels.csv: it is empty"),
        (b"\x00\x01\x02\x00", "labels.csv"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"\x28\xb5\x2f\xfd", "labels.csv is packed by zstd"),
        (gzip.compress(b"image,mos\na.png,1\n", mtime=0)[:-9], "labels.csv is cut off"),
        (bz2.compress(b"image,mos\na.png,1\n")[:-9], "labels.csv is cut off"),
        (lzma.compress(b"image,mos\na.png,1\n")[:-9], "labels.csv is cut off"),
        # A workbook holds the time of its making, which a case's name must not.
        pytest.param(
            written("xlsx")[:-99],
            "labels.csv is a zip file that is cut off or damaged",
            id="a workbook cut off",
        ),
        pytest.param(
            written("parquet")[:-99], "labels.csv cannot be read", id="a parquet file cut off"
        ),
        (b"\x1f\x8b\x08\x00" + b"x" * 40, "labels.csv is damaged"),
    ],
)
def test_what_is_refused_by_file_line_and_column(text, message):
    with pytest.raises(DataError) as refused:
        frame(text)
    assert message in refused.value.message
    assert refused.value.hint
    assert len(refused.value.message) < 250


def test_a_number_that_is_none_stays_text_for_who_refuses_it():
    found = frame("image,mos\na,x\nb,NA\nc,\nd,inf\ne,1_000\nf,\u0661\n")["mos"].tolist()
    assert found[0] == "x"
    assert found[3:] == [float("inf"), "1_000", "\u0661"]
    assert all(one is None or one != one for one in found[1:3])


BARE = "r.png a.png 4.5\nr.png b.png 3\n"


def test_a_file_without_a_header_is_read_by_numbers():
    columns = {"reference": 1, "image": 2, "mos": 3}
    table = frame(BARE, columns)
    assert table.to_dict("list") == {
        "reference": ["r.png", "r.png"],
        "image": ["a.png", "b.png"],
        "mos": [4.5, 3.0],
    }
    assert table.attrs[PLACES].of(2, "mos") == "labels.csv, line 2, column 3"
    # A first row with a word in place of a score is a header, whose columns have numbers, too.
    assert frame("ref img mos\n" + BARE, columns).equals(table.set_axis([2, 3]))
    bad = frame("a.png bad\nb.png 3\n", {"image": 1, "mos": 2})  # no header: it names a file
    assert bad["mos"].tolist() == ["bad", 3]
    with pytest.raises(DataError, match="has no column 4") as refused:
        frame(BARE, {"image": 2, "mos": 4})
    assert refused.value.hint == "it has 3 columns"
    with pytest.raises(DataError) as refused:
        frame(BARE)
    assert "no header; give columns by number" in refused.value.hint
    assert "1 is r.png, 2 is a.png, 3 is 4.5" in refused.value.hint


def test_one_of_two_equal_columns_can_be_chosen_by_number():
    text = "image,mos,mos\na.png,1,9\n"
    assert frame(text, {"image": "image", "mos": 2})["mos"].tolist() == [1]
    assert frame(text, {"image": 1, "mos": 3})["mos"].tolist() == [9]


def test_a_sheet_of_a_workbook():
    book = openpyxl.Workbook()
    book.active.append(["image", "mos"])
    book.active.append([1600, "4.5"])
    book.active.append([None, None])
    book.active.append(["b.png", 3])
    book.create_sheet("other")
    stream = io.BytesIO()
    book.save(stream)
    found = labels(stream.getvalue(), "labels.xlsx")
    table = found.frame({"image": "image", "mos": "mos"}, ("mos",))
    assert table.to_dict("list") == {"image": ["1600", "b.png"], "mos": [4.5, 3.0]}
    assert table.attrs[PLACES].of(4, "mos") == "labels.xlsx, row 4, column 'mos'"
    assert "2 sheets" in found.notes[0]
    with pytest.raises(DataError, match="lacks the sheet third"):
        labels(stream.getvalue(), "labels.xlsx", sheet="third")


def test_text_is_no_workbook_and_no_parquet_file():
    for name in ("a.xlsx", "a.parquet"):
        with pytest.raises(DataError, match="cannot be read: it is no"):
            labels(b"image,mos\na.png,1\n", name)


def test_a_zip_of_several_files_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", "image,mos\n")
        archive.writestr("b.csv", "image,mos\n")
    with pytest.raises(DataError, match="is a zip of 2 files"):
        labels(stream.getvalue(), "labels.zip")


def test_a_packed_file_that_grows_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("iqabench.kit.packed.MOST", 1000)
    with pytest.raises(DataError, match="unpacks to more than"):
        labels(gzip.compress(b"x" * 2000, mtime=0), "labels.gz")


def test_a_path_that_is_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv", tmp_path / "none.csv" / "x", tmp_path / "a\0"):
        with pytest.raises(DataError, match="cannot read"):
            load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_bytes_are_they_are_read_or_refused(kind):
    """Bytes cut, flipped, doubled, spliced; nothing else is raised, and messages are one line."""
    content = written(kind)
    random = np.random.default_rng([*kind.encode()])
    refused = 0
    for _ in range(60):
        damaged = bytearray(content)
        where = int(random.integers(len(content)))
        match random.integers(5):
            case 0:
                damaged = damaged[:where]
            case 1:
                for at in random.integers(len(content), size=random.integers(1, 9)):
                    damaged[at] ^= 1 << random.integers(8)
            case 2:
                damaged[where:where] = random.bytes(int(random.integers(1, 9)))
            case 3:
                damaged[where:where] = random.choice(list(b'",;|\t \r\n#[{\\\x00'), 3).tobytes()
            case _:
                damaged += damaged[where:]
        try:
            found = labels(bytes(damaged), "labels")
            found.frame(dict.fromkeys(("image", "mos"), 1), ("mos",))
            found.frame({"image": "image", "mos": "mos"}, ("mos",))
        except IqabenchError as error:
            refused += 1
            assert error.hint
            assert error.message.startswith(("labels", "cannot read labels"))
    assert refused


def test_a_message_stays_short_whatever_the_file_holds():
    for text in (
        "x" * 9999 + ",y\n1,2\n",
        ",".join(map(str, range(999))),
        '{"a%s": 1}' % ("b" * 999),
    ):
        with pytest.raises(DataError) as refused:
            frame(text)
        assert len(refused.value.message + refused.value.hint) < 1200
