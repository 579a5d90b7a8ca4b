"""The public data sets as their archives unpack: official names and containers, tiny pictures.

Each builder fills an empty folder and returns what the set publishes: a table of ``image``,
``content`` and ``mos``, and ``reference`` where there is one. Scores are the published ones where
the labels are at hand (``../shared/labels``), else made up; the counts are the public ones always.

All take ``contents``, to keep some only (for the sets without references a content is a picture),
and ``paint``, which draws the picture of a path below the root; without it all are one small file.
"""

import gzip
import os
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from PIL import Image
from scipy.io import savemat

LABELS = Path(__file__).parents[2] / "shared" / "labels"
NO_LABELS = "the published labels are not at hand (../shared/labels)"

LIVE_FOLDERS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
LIVE_RATED = {"jp2k": 169, "jpeg": 175, "wn": 145, "gblur": 145, "fastfading": 145}
CSIQ_TYPES = {
    "noise": "awgn/AWGN",
    "blur": "blur/BLUR",
    "contrast": "contrast/contrast",
    "fnoise": "fnoise/fnoise",
    "jpeg": "jpeg/JPEG",
    "jpeg 2000": "jpeg2000/jpeg2000",
}
CSIQ_THREE = ("elk", "geckos", "lady_liberty", "swarm")
KONIQ_SETS = {"training": 7058, "validation": 1000, "test": 2015}


def published(name):
    """The label file of shared/labels, paths below the set's own folder; None where it is not."""
    path = LABELS / f"{name}.csv.gz"
    if not path.exists():
        return None
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        table = pd.read_csv(stream)
    for column in table.columns.intersection(["dis_img_path", "ref_img_path"]):
        table[column] = table[column].str.removeprefix(f"{name}/")
    return table


def live(root, contents=None, paint=None):
    """LIVE release 2; a content that is left out counts as an undistorted copy."""
    known = published("LIVE")
    rows = _made_up_live() if known is None else _known_live(known)
    kept = rows["rated"] & _among(rows["content"], contents)
    arrays = {
        "dmos_new": np.where(kept, rows["mos"], 0.0)[None],
        "orgs": (~kept.to_numpy())[None].astype(np.uint8),
        "dmos_std": _deviations(rows)[None],
    }
    savemat(_in(root, "dmos_realigned.mat"), arrays)
    old = {"dmos": np.where(kept, 100 - rows["mos"], 0.0)[None], "orgs": arrays["orgs"]}
    savemat(_in(root, "dmos.mat"), old)
    savemat(_in(root, "refnames_all.mat"), {"refnames_all": _cell(rows["reference"], (1, -1))})
    rows["reference"] = "refimgs/" + rows["reference"]
    return _finish(root, rows[kept], paint)


def csiq(root, contents=None, paint=None):
    """CSIQ; the workbook's other sheet holds other numbers."""
    known = published("CSIQ")
    rows = _made_up_csiq() if known is None else _known_csiq(known)
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    book = openpyxl.Workbook()
    book.active.title = "all_by_distortion"
    book.active.append(["another table"])
    page = book.create_sheet("all_by_image")
    page["A1"] = "CSIQ DMOS by image"
    header = ["image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"]
    lines = [header]
    for row, spread in zip(rows.itertuples(), _deviations(rows), strict=True):
        image = 1600 if row.content == "1600" else row.content
        index = list(CSIQ_TYPES).index(row.kind) + 1
        lines.append([image, index, row.kind, row.level, spread, row.mos])
    for number, line in enumerate(lines, 4):
        for column, value in enumerate(line, 4):
            page.cell(number, column, value)
    page["K5"] = "a remark"
    book.save(_in(root, "csiq.DMOS.xlsx"))
    return _finish(root, rows, paint)


def tid2013(root, contents=None, paint=None):
    """TID2013, with the case of its letters as mixed as in the archive."""
    return _tid(root, contents, paint, published("TID2013"), kinds=24, levels=5)


def tid2008(root, contents=None, paint=None):
    """TID2008: the same files, with fewer types and levels."""
    return _tid(root, contents, paint, None, kinds=17, levels=4)


def _tid(root, contents, paint, known, kinds, levels):
    names = [
        f"i{content:02d}_{kind:02d}_{level}.bmp"
        for content in range(1, 26)
        for kind in range(1, kinds + 1)
        for level in range(1, levels + 1)
    ]
    rows = pd.DataFrame({"name": names, "mos": _spread(len(names), 0.25, 7.2)})
    if known is not None:
        scores = dict(
            zip(known["dis_img_path"].str.split("/").str[-1], known["score"], strict=True)
        )
        rows["mos"] = rows["name"].map(scores)
    rows["content"] = rows["name"].str[:3]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    capital = rows["content"] != "i25"
    listed = rows["name"].where(~capital, "I" + rows["name"].str[1:])
    even = rows["content"].str[1:].astype(int) % 2 == 0
    rows["image"] = "distorted_images/" + rows["name"].where(even, listed)
    upper = "I" + rows["content"].str[1:] + ".BMP"
    rows["reference"] = "reference_images/" + upper.where(capital, "i25.bmp")
    lines = [f"{mos} {name}\n" for mos, name in zip(rows["mos"], listed, strict=True)]
    _write(root, "mos_with_names.txt", "".join(lines))
    _write(root, "mos.txt", "".join(f"{mos}\n" for mos in rows["mos"]))
    _write(root, "mos_std.txt", "".join(f"{spread}\n" for spread in _deviations(rows)))
    return _finish(root, rows, paint)


def kadid(root, contents=None, paint=None):
    """KADID-10k."""
    known = published("KADID-10k")
    names = [
        f"I{content:02d}_{kind:02d}_{level:02d}.png"
        for content in range(1, 82)
        for kind in range(1, 26)
        for level in range(1, 6)
    ]
    rows = pd.DataFrame({"image": [f"images/{name}" for name in names]})
    rows["mos"] = _spread(len(rows), 1, 4.93)
    if known is not None:
        rows["mos"] = rows["image"].map(known.set_index("dis_img_path")["score"])
    rows["content"] = rows["image"].str[7:10]
    rows["reference"] = "images/" + rows["content"] + ".png"
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    labels = {
        "dist_img": rows["image"].str[7:],
        "ref_img": rows["reference"].str[7:],
        "dmos": rows["mos"],
        "var": _deviations(rows),
    }
    _write(root, "dmos.csv", pd.DataFrame(labels).to_csv(index=False))
    return _finish(root, rows, paint)


def livec(root, contents=None, paint=None):
    """LIVE Challenge; the raters' seven training pictures come first."""
    known = published("LIVE_Challenge")
    rows = pd.DataFrame({"image": [f"Images/{number}.bmp" for number in range(3, 1165)]})
    rows["mos"] = _spread(len(rows), 3.42, 92.43)
    if known is not None:
        lacking = pd.DataFrame({"image": ["Images/100.bmp"], "mos": [50.0]})
        known = known.rename(columns={"dis_img_path": "image", "score": "mos"})[["image", "mos"]]
        rows = pd.concat([lacking, known], ignore_index=True)
    rows["content"] = rows["image"]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    training = [f"t{number}.bmp" for number in range(1, 8)]
    names = [*training, *rows["image"].str[7:]]
    scores = [*np.linspace(1, 99, 7), *rows["mos"]]
    savemat(_in(root, "Data/AllImages_release.mat"), {"AllImages_release": _cell(names, (-1, 1))})
    savemat(_in(root, "Data/AllMOS_release.mat"), {"AllMOS_release": [scores]})
    spread = [*np.ones(7), *_deviations(rows)]
    savemat(_in(root, "Data/AllStdDev_release.mat"), {"AllStdDev_release": [spread]})
    _pictures(root, [f"Images/trainingImages/{name}" for name in training], paint)
    return _finish(root, rows, paint)


def koniq(root, contents=None, paint=None, flavour="scores", size="1024x768"):
    """KonIQ-10k with one of its label files: ``scores`` (1 to 5) or ``sets`` (0 to 100)."""
    known = published("KonIQ-10k")
    names = [f"{1000000 + 7 * number}.jpg" for number in range(10073)]
    rows = pd.DataFrame({"content": names, "mos": _spread(len(names), 1.1, 4.31)})
    if known is not None:
        rows["content"] = known["dis_img_path"].str.split("/").str[-1]
        rows["mos"] = known["score"]
    parts = np.repeat(list(KONIQ_SETS), list(KONIQ_SETS.values()))
    rows["set"] = np.random.default_rng(0).permutation(parts)
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    rows["image"] = f"{size}/" + rows["content"]
    hundred = ((rows["mos"] - 1) * 25 + 3 * np.sin(np.arange(len(rows)))).clip(3.91, 88.39)
    share = {f"c{rating}": 20 for rating in range(1, 6)} | {"c_total": 100}
    labels = pd.DataFrame({"image_name": rows["content"]}).assign(**share)
    if flavour == "scores":
        labels = labels.assign(MOS=rows["mos"], SD=_deviations(rows), MOS_zscore=hundred)
        file = "koniq10k_scores_and_distributions.csv"
    else:
        labels = labels.assign(MOS=hundred, SD=_deviations(rows), set=rows["set"])
        labels[list(share)[:5]] = 0.2
        rows["mos"] = hundred
        file = "koniq10k_distributions_sets.csv"
    _write(root, file, labels.to_csv(index=False))
    return _finish(root, rows, paint)


def spaq(root, contents=None, paint=None):
    """SPAQ."""
    known = published("SPAQ")
    rows = pd.DataFrame({"image": [f"TestImage/{number:05d}.jpg" for number in range(1, 11126)]})
    rows["mos"] = _spread(len(rows), 2, 96)
    if known is not None:
        scores = dict(
            zip(known["dis_img_path"].str.split("/").str[-1], known["score"], strict=True)
        )
        rows["mos"] = rows["image"].str[10:].map(scores)
    rows["content"] = rows["image"]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    header = ["Image name", "MOS", "Brightness", "Colorfulness", "Contrast", "Noisiness"]
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("Sheet1")
    page.append([*header, "Sharpness"])
    for image, mos in zip(rows["image"], rows["mos"], strict=True):
        page.append([image[10:], mos, 50.0, 50.0, 50.0, 50.0, 50.0])
    book.save(_in(root, "Annotations/MOS and Image attribute scores.xlsx"))
    return _finish(root, rows, paint)


def cuid(root, contents=None, paint=None):
    """CUID by this project's own manifest: 60 pristine pictures, each in nine worse versions."""
    rows = pd.DataFrame(
        [
            {"content": f"c{content:02d}", "kind": kind, "level": level}
            for content in range(60)
            for kind, level in [("", None), *((k, n) for k in "abc" for n in (1, 2, 3))]
        ]
    )
    rows["image"] = (
        "images/"
        + rows["content"]
        + "_"
        + rows["kind"]
        + rows["level"].map(lambda level: "" if pd.isna(level) else f"{level:.0f}")
    )
    rows["image"] = rows["image"].str.removesuffix("_") + ".png"
    rows["reference"] = "images/" + rows["content"] + ".png"
    rows["mos"] = _spread(len(rows), 5, 95)
    rows["saliency"] = "saliency/" + rows["image"].str[7:]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    manifest = rows.rename(columns={"content": "ref_id", "kind": "dist"})
    manifest["mos_std"] = _deviations(rows)
    _write(root, "manifest.csv", manifest.to_csv(index=False))
    _pictures(root, rows["saliency"], paint)
    return _finish(root, rows, paint)


BUILDERS = {
    "live": live,
    "csiq": csiq,
    "tid2013": tid2013,
    "tid2008": tid2008,
    "kadid": kadid,
    "livec": livec,
    "koniq": koniq,
    "spaq": spaq,
    "cuid": cuid,
}


def _made_up_live():
    rows = pd.DataFrame(
        [
            {"image": f"{folder}/img{number}.bmp", "rated": number <= LIVE_RATED[folder]}
            for folder, count in LIVE_FOLDERS.items()
            for number in range(1, count + 1)
        ]
    )
    rows["reference"] = [f"ref{number % 29:02d}.bmp" for number in range(len(rows))]
    rows["content"] = rows["reference"].str.removesuffix(".bmp")
    rows["mos"] = _spread(len(rows), -2.64, 111.77)
    return rows


def _known_live(known):
    rows = _made_up_live()
    known = known.set_index("dis_img_path")
    rows["rated"] = rows["image"].isin(known.index)
    references = rows["image"].map(known["ref_img_path"]).str.removeprefix("refimgs/")
    rows["reference"] = references.fillna("bikes.bmp")
    rows["content"] = rows["reference"].str.removesuffix(".bmp")
    rows["mos"] = rows["image"].map(known["score"]).fillna(0.0)
    return rows


def _made_up_csiq():
    contents = ["1600", *CSIQ_THREE, *(f"content{number}" for number in range(25))]
    rows = pd.DataFrame(
        [
            {"content": content, "kind": kind, "level": level}
            for content in contents
            for kind in CSIQ_TYPES
            for level in _csiq_levels(content, kind)
        ]
    )
    rows["mos"] = rows["level"] / 6 + _spread(len(rows), 0, 1 / 6)
    return _csiq_paths(rows)


def _csiq_levels(content, kind):
    if kind != "contrast":
        return range(1, 6)
    return range(1, 4) if content in CSIQ_THREE else range(1, 5)


def _known_csiq(known):
    kinds = {word.partition("/")[2]: kind for kind, word in CSIQ_TYPES.items()}
    parts = known["dis_img_path"].str.extract(r"([^/]+)\.([^.]+)\.(\d)\.png$")
    rows = pd.DataFrame({"content": parts[0], "kind": parts[1].map(kinds)})
    return _csiq_paths(rows.assign(level=parts[2].astype(int), mos=known["score"]))


def _csiq_paths(rows):
    rows["reference"] = "src_imgs/" + rows["content"] + ".png"
    places = [CSIQ_TYPES[kind].partition("/") for kind in rows["kind"]]
    rows["image"] = [
        f"dst_imgs/{folder}/{content}.{token}.{level}.png"
        for (folder, _, token), content, level in zip(
            places, rows["content"], rows["level"], strict=True
        )
    ]
    return rows


def _among(values, contents):
    return values.isin(contents) if contents is not None else pd.Series(True, index=values.index)


def _spread(count, low, high):
    """Scores that fill a range, in an order that has nothing to do with the names."""
    return np.random.default_rng(count).permutation(np.linspace(low, high, count)).round(6)


def _deviations(rows):
    return 0.1 + np.arange(len(rows)) % 7 / 10


def _cell(names, shape):
    cell = np.empty(len(names), dtype=object)
    cell[:] = list(names)
    return cell.reshape(shape)


def _in(root, name):
    path = Path(root) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write(root, name, text):
    _in(root, name).write_text(text, encoding="utf-8", newline="")


def _finish(root, rows, paint):
    named = rows.columns.intersection(["image", "reference"])
    _pictures(root, set(rows[named].to_numpy().ravel()), paint)
    return rows[[*named, "content", "mos"]].reset_index(drop=True)


def _pictures(root, names, paint):
    first = {}
    for name in sorted(names):
        path = _in(root, name)
        suffix = path.suffix.lower()
        if paint is not None:
            paint(name).save(path)
        elif suffix in first:
            os.link(first[suffix], path)
        else:
            Image.new("RGB", (8, 8), (90, 120, 150)).save(path)
            first[suffix] = path
