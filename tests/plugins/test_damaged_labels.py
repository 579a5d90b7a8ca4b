"""Label files damaged at random: each is read, or refused in one line; nothing else happens."""

import gzip
import io
import os
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest
import recent_trees
from limits import bounded
from scipy.io import loadmat, savemat

from iqabench.contract import IqabenchError

SEEDS = 40
SECONDS = 30
FLIVE = [f"voc_emotic_ava/AVA__00000{number}.jpg" for number in range(9)] + ["EE371R/rq000000.jpg"]
CGFIQA = [f"{part}/img/0000{number}.png" for part in ("train", "val", "test") for number in (1, 2)]
OPTIONAL = ("flive-test", "flive-validation", "piq23-split")
"""Label files without which a set is read, too, but has no published split."""
# Set, label file, contents kept in the small tree.
CASES = {
    "live": ("live", "dmos_realigned.mat", ["bikes", "ref01"]),
    "live-references": ("live", "refnames_all.mat", ["bikes", "ref01"]),
    "csiq": ("csiq", "csiq.DMOS.xlsx", ["1600"]),
    "tid2013": ("tid2013", "mos_with_names.txt", ["i24", "i25"]),
    "tid2013-deviations": ("tid2013", "mos_std.txt", ["i25"]),
    "tid2008": ("tid2008", "mos_with_names.txt", ["i25"]),
    "flive": ("flive", "labels_image.csv", FLIVE),
    "flive-test": ("flive", "labels640.csv", FLIVE),
    "flive-validation": ("flive", "labels=640_padded.csv", FLIVE),
    "flive-patches": ("flive-patches", "labels_patch.csv", None),
    "pipal": ("pipal", "Train_Label/A0002.txt", ["A0001", "A0002"]),
    "uhdiqa": ("uhdiqa", "uhd-iqa-metadata.csv", None),
    "ava": ("ava", "AVA.txt", None),
    "piq23": ("piq23", "Scores_Overall.csv", ["Indoor_Scene_7"]),
    "piq23-split": ("piq23", "Test split/Scene Split.csv", ["Indoor_Scene_7"]),
    "gfiqa": ("gfiqa", "mos_val_rating.csv", None),
    "cgfiqa": ("cgfiqa", "train/label.json", CGFIQA),
    "agiqa3k": ("agiqa3k", "data.csv", ['a "boat", 0', 'a "boat", 1']),
    "aigciqa2023": ("aigciqa2023", "DATA/MOS/mosz1.mat", None),
    "kadid": ("kadid", "dmos.csv", ["I01"]),
    "livec": ("livec", "Data/AllImages_release.mat", None),
    "livec-scores": ("livec", "Data/AllMOS_release.mat", None),
    "koniq": ("koniq", "koniq10k_scores_and_distributions.csv", None),
    "spaq": ("spaq", "Annotations/MOS and Image attribute scores.xlsx", None),
    "cuid": ("cuid", "manifest.csv", ["c00", "c01"]),
    "csv": ("csv", "labels.csv", None),
    "parquet": ("csv", "labels.parquet", None),
    "semicolons": ("csv", "labels.txt", None),
    "packed": ("csv", "labels.csv.gz", None),
    "records": ("csv", "labels.json", None),
    "lines": ("csv", "labels.jsonl", None),
    "workbook": ("csv", "labels.xlsx", None),
}
ANY_CASE = ("tid2008", "tid2013", "csiq")
"""Sets whose pictures are found in any case."""
CELLS = (
    *("", " ", "nan", "inf", "-inf", "1e999", "NaN", "None", "0x10", "1,5", "\u0661", "x" * 5000),
    *("OUTSIDE/secret.png", "../outside/secret.png", "a/../../outside/secret.png", "/etc/passwd"),
    *("C:\\secret.png", "a\\b.png", ".", "..", "./", "a\nb.png", '"', "'", ";", "\t", "\u202e"),
    *("\x1b[31m", "\ufeff", "=1+1", "#REF!", "-1", "1e308", "99999999999999999999", "True"),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory, public):
    """A small tree of each set."""
    base = tmp_path_factory.mktemp("small")
    (base / "outside").mkdir()
    (base / "outside" / "secret.png").write_text("secret")
    (base / "outside" / "secret.csv").write_text("image,mos\na.png,1\nb.png,2\n")
    for case, (name, file, contents) in CASES.items():
        root = base / case
        if name == "csv":
            table = _generic(root)
            table.to_csv(root / "labels.csv", index=False)
            table.to_parquet(root / "labels.parquet", index=False)
            table.to_csv(root / "labels.txt", index=False, sep=";", decimal=",")
            table.to_csv(root / "labels.csv.gz", index=False)
            table.to_json(root / "labels.json", orient="records")
            table.to_json(root / "labels.jsonl", orient="records", lines=True)
            table.to_excel(root / "labels.xlsx", index=False)
            continue
        if contents is None:
            contents = list(public(name)[1]["content"][:12])
        recent_trees.BUILDERS[name](root, contents=contents)
        assert (root / file).is_file()
    return base


def _generic(root):
    root.mkdir()
    names = ["a.png", "b.png", "r.png"]
    for name in names:
        (root / name).touch()
    count = range(len(names))
    return pd.DataFrame(
        {
            "image": names,
            "mos": [1.5, 2.5, 3.5],
            "reference": "r.png",
            "content": [f"0{number}" for number in count],
            "distortion": "blur",
            "level": [1, 2, 3],
            "mos_std": 0.5,
            "raters": 20,
            "official_split": ["train", "validation", "test"],
            "saliency": "a.png",
            "fixations": "b.png",
        }
    )


@pytest.fixture(scope="module")
def watch():
    """Names of files and folders outside a root that were opened or listed."""
    state = SimpleNamespace(forbidden=(), touched=[])

    def hook(event, arguments):
        if event in ("open", "os.listdir", "os.scandir") and state.forbidden:
            path = arguments[0]
            if isinstance(path, (str, bytes, os.PathLike)):
                path = os.path.realpath(os.fsdecode(path))
                if path.startswith(state.forbidden):
                    state.touched.append(path)

    sys.addaudithook(hook)
    yield state
    state.forbidden = ()


@pytest.fixture
def attempt(small, watch, read):
    """Reads a case; says whether it was read, and checks what came of it."""

    def run(case):
        name, file, _ = CASES[case]
        options = {"labels": file} if name == "csv" else {}
        watch.forbidden, watch.touched = (str(small / "outside"), "/etc/passwd"), []
        try:
            with bounded(SECONDS):
                found = read(name, small / case, **options)
        except IqabenchError as error:
            assert error.message.isprintable()
            assert error.hint.isprintable()
            assert error.hint
            return False
        finally:
            watch.forbidden = ()
            assert watch.touched == []
        table = found.table
        assert table["image"].is_unique
        assert np.isfinite(table[["mos", "quality"]].to_numpy()).all()
        for image in table["image"]:
            assert (small / case / image).resolve().is_relative_to((small / case).resolve())
        return True

    return run


@pytest.mark.parametrize("case", CASES)
def test_whole_files_are_read(attempt, case):
    assert attempt(case)


@pytest.mark.parametrize("case", CASES)
def test_damaged_files_are_read_or_refused(small, attempt, case):
    path = small / case / CASES[case][1]
    content = path.read_bytes()
    outcomes = []
    try:
        for seed in range(SEEDS):
            random = np.random.default_rng([seed, *case.encode()])
            path.write_bytes(damaged(content, path.suffix, random, small))
            outcomes.append(attempt(case))
    finally:
        path.write_bytes(content)
    assert not all(outcomes)  # some damage is always seen


@pytest.mark.parametrize("case", [case for case in CASES if case not in OPTIONAL])
def test_a_label_file_that_is_something_else(small, attempt, case):
    path = small / case / CASES[case][1]
    content = path.read_bytes()
    try:
        for make in (
            lambda: path.symlink_to(small / "outside" / "secret.csv"),
            lambda: path.symlink_to("/etc/passwd"),
            lambda: path.symlink_to(path),
            lambda: path.mkdir(),
            lambda: os.mkfifo(path),
            lambda: None,
        ):
            path.unlink()
            make()
            assert not attempt(case)
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(True)
            path.touch()
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("case", CASES)
def test_pictures_that_lead_outside_or_clash(small, attempt, case, read):
    name, file, _ = CASES[case]
    root = small / case
    options = {"labels": file} if name == "csv" else {}
    image = root / read(name, root, **options).table["image"][0]
    kept = image.with_name("kept")
    image.rename(kept)
    try:
        assert not attempt(case)  # missing
        image.symlink_to(small / "outside" / "secret.png")
        assert not attempt(case)
        image.unlink()
        image.symlink_to(kept.name)
        assert attempt(case)  # a link within the root
        image.unlink()
        other = image.with_name(image.name.swapcase())
        kept.rename(other)
        assert attempt(case) == (name in ANY_CASE)
        other.rename(kept)
    finally:
        image.unlink(missing_ok=True)
        kept.rename(image)
    if image.parent == root:
        return
    away = small / "outside" / "pictures"
    image.parent.rename(away)
    image.parent.symlink_to(away)
    try:
        assert not attempt(case)
    finally:
        image.parent.unlink()
        away.rename(image.parent)


def damaged(content, suffix, random, base):
    """A label file with one fault, in its bytes or in what it says."""
    if random.random() < 0.4:
        return _bytes(content, random)
    value = CELLS[random.integers(len(CELLS))].replace("OUTSIDE", str(base / "outside"))
    if suffix == ".xlsx":
        return _workbook(content, value, random)
    if suffix == ".mat":
        return _matlab(content, value, random)
    if suffix == ".parquet":
        return _parquet(content, value, random)
    return _text(content, value, random)


def _bytes(content, random):
    kind = random.integers(7)
    if kind == 0:
        return content[: random.integers(len(content))]
    if kind == 1:
        return b"\xef\xbb\xbf" + content
    if kind == 2:
        return content.replace(b"\n", b"\r\n")
    if kind == 3:
        return content.decode("latin-1").encode("utf-16")
    if kind == 4:
        where = random.integers(len(content))
        return content[:where] + b"\xff\xfe\x80" + content[where:]
    flipped = bytearray(content)
    for where in random.integers(len(content), size=random.integers(1, 20)):
        flipped[where] ^= 1 << random.integers(8)
    return bytes(flipped)


def _text(content, value, random):
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(_text(gzip.decompress(content), value, random), mtime=0)
    lines = content.decode().splitlines()
    kind, row = random.integers(6), random.integers(len(lines))
    if kind == 0:
        lines.insert(row, lines[row])
    elif kind == 1:
        del lines[row]
    elif kind == 2:
        lines = lines[:1]
    elif kind == 3:
        lines = [line.rpartition(",")[0] for line in lines]
    else:
        separator = next((letter for letter in ";," if letter in lines[0]), " ")
        cells = lines[row].split(separator)
        cells[random.integers(len(cells))] = value
        lines[row] = separator.join(cells)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _workbook(content, value, random):
    if random.random() < 0.5:  # below the checksums of the container
        return _rezipped(content, random)
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book.worksheets[-1]
    row, column = random.integers(1, page.max_row + 1), random.integers(1, page.max_column + 1)
    kind = random.integers(4)
    if kind == 0:
        page.delete_cols(column)
    elif kind == 1:
        page.append([cell.value for cell in page[int(row)]])
    else:
        clean = "".join(letter for letter in value if letter.isprintable() or letter == "\n")
        page.cell(row, column, clean if kind == 2 else float(random.normal()))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _rezipped(content, random):
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        names = old.namelist()
        target = names[random.integers(len(names))]
        for name in names:
            data = old.read(name)
            new.writestr(name, _bytes(data, random) if name == target else data)
    return made.getvalue()


def _matlab(content, value, random):
    found = {key: item for key, item in loadmat(io.BytesIO(content)).items() if key[0] != "_"}
    key = [*found][random.integers(len(found))]
    item = found[key].copy()
    where = tuple(int(random.integers(size)) for size in item.shape)
    kind = random.integers(5)
    if kind == 0:
        del found[key]
    elif kind == 1:
        found[key] = item[:, :-1]
    elif kind == 2:
        found[key] = {"a": 1} if random.random() < 0.5 else np.array([[value]])
    elif item.dtype == object:
        item[where] = [value, np.array([], dtype=str), 5.0, item.copy()][random.integers(4)]
        found[key] = item
    else:
        item = item.astype(float)
        item[where] = [np.nan, np.inf, -1e300, 1e300][random.integers(4)]
        found[key] = item
    made = io.BytesIO()
    savemat(made, found, do_compression=bool(random.integers(2)))
    return _bytes(made.getvalue(), random) if kind == 4 else made.getvalue()


def _parquet(content, value, random):
    table = pd.read_parquet(io.BytesIO(content))
    name = table.columns[random.integers(table.shape[1])]
    kind = random.integers(5)
    if kind == 0:
        table = table.drop(columns=name)
    elif kind == 1:
        table = pd.concat([table, table.iloc[:1]])
    elif kind == 2:
        strange = [b"\xff", [1, 2], {"a": 1}, None, True, pd.Timestamp(0)][random.integers(6)]
        table[name] = [strange] * len(table)
    else:
        table[name] = table[name].astype(object)
        table.loc[0, name] = value
        table[name] = table[name].astype(str)
    made = io.BytesIO()
    table.to_parquet(made, index=bool(random.integers(2)))
    return made.getvalue()


def test_the_watch_sees_what_is_touched_outside(small, watch):
    watch.forbidden, watch.touched = (str(small / "outside"),), []
    (small / "outside" / "secret.csv").read_text()
    list((small / "outside").iterdir())
    watch.forbidden = ()
    assert len(watch.touched) == 2
