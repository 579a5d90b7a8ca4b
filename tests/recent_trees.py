"""Trees of the sets that later papers report, like those of :mod:`public_trees`.

Scores are made up, since no labels are at hand; names and counts are those that were stated.
"""

import json

import numpy as np
import pandas as pd
from public_trees import BUILDERS as PUBLIC
from public_trees import LABELS, _among, _deviations, _finish, _in, _spread, _write
from scipy.io import savemat

FLIVE_SOURCES = {  # the first letters of a name -> how many pictures have them
    "voc_emotic_ava/VOC2012__2011_": 9976,
    "voc_emotic_ava/JPEGImages__2009_": 9963,
    "voc_emotic_ava/EMOTIC__COCO_val2014_": 9788,
    "voc_emotic_ava/AVA__": 9081,
    "blur_dataset/motion": 999,
    "EE371R/rq": 3,
}
FLIVE_TEST = 1827
PIPAL_CLASSES = {0: 12, 1: 16, 2: 10, 3: 24, 4: 13, 5: 14, 6: 27}
UHD_SETS = {"training": 4269, "validation": 904, "test": 900}
PIQ_TEST = 15
PIQ_CONDITIONS = {"Indoor": 14, "Lowlight": 10, "Night": 10, "Outdoor": 16}
CGFIQA_PARTS = {"train": 27518, "val": 3931, "test": 7863}  # made up; their sum is stated
AGIQA_MAKERS = {
    **dict.fromkeys(("AttnGAN_normal", "glide_normal", "xl2.2_normal"), 300),
    **dict.fromkeys(("sd1.5_highcorr", "sd1.5_lowcorr", "sd1.5_lowstep", "sd1.5_normal"), 300),
    **dict.fromkeys(("midjourney_lowstep", "midjourney_normal"), 296),
    "DALLE2_normal": 290,
}


def flive(root, contents=None, paint=None, split=True, base=""):
    """FLIVE's pictures; ``base`` is ``database/`` where the root is the whole repository."""
    names = [
        f"{start}{number:06d}.jpg"
        for start, count in FLIVE_SOURCES.items()
        for number in range(count)
    ]
    rows = pd.DataFrame({"name": names, "mos": _spread(len(names), 0, 94.33)})
    rows["image"] = rows["content"] = base + rows["name"]
    rows["valid"] = np.arange(len(rows)) % 5 == 1
    rows["test"] = rows["name"].isin(rows["name"][:: len(rows) // FLIVE_TEST][:FLIVE_TEST])
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    _write(root, f"{base}labels_image.csv", rows[["name", "mos"]].to_csv(index=False))
    if split:
        listed = rows.rename(columns={"name": "name_image", "valid": "is_valid"})
        large, padded = listed[listed["test"]], listed[~listed["test"]]
        _write(root, f"{base}labels640.csv", large[["mos", "name_image"]].to_csv(index=False))
        padded = padded[["is_valid", "name_image"]].to_csv(index=False)
        _write(root, f"{base}labels=640_padded.csv", padded)
    return _finish(root, rows, paint)


def flive_patches(root, contents=None, paint=None):
    """Three patches of each of forty of FLIVE's pictures."""
    names = [f"EMOTIC__COCO_val2014_{number:06d}.jpg" for number in range(40)]
    rows = pd.DataFrame([(name, number) for name in names for number in (1, 2, 3)])
    rows.columns = ["content", "number"]
    rows["name"] = "patches/" + rows["content"] + "_patch_" + rows["number"].astype(str) + ".jpg"
    rows = rows.assign(image=rows["name"], mos=_spread(len(rows), 20, 90))
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    _write(root, "labels_patch.csv", rows[["name", "mos"]].to_csv(index=False))
    return _finish(root, rows, paint)


def pipal(root, contents=None, paint=None):
    """PIPAL's training part: 200 of 250 references, in four folders of pictures."""
    numbers = [number for number in range(250) if number % 5]
    rows = pd.DataFrame(
        [
            (f"A{number:04d}", f"A{number:04d}_{kind:02d}_{version:02d}.bmp", place // 50 + 1)
            for place, number in enumerate(numbers)
            for kind, count in PIPAL_CLASSES.items()
            for version in range(count)
        ],
        columns=["content", "name", "folder"],
    )
    rows["mos"] = _spread(len(rows), 916.7136, 1835.9856)
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    rows["image"] = "Distortion_" + rows["folder"].astype(str) + "/" + rows["name"]
    rows["reference"] = "Train_Ref/" + rows["content"] + ".bmp"
    for content, part in rows.groupby("content"):
        lines = [f"{name},{mos}\n" for name, mos in zip(part["name"], part["mos"], strict=True)]
        _write(root, f"Train_Label/{content}.txt", "".join(lines))
    return _finish(root, rows, paint)


def uhdiqa(root, contents=None, paint=None):
    """UHD-IQA."""
    parts = np.repeat(list(UHD_SETS), list(UHD_SETS.values()))
    rows = pd.DataFrame({"set": np.random.default_rng(0).permutation(parts)})
    rows["image_name"] = [f"{number}.jpg" for number in range(1, len(rows) + 1)]
    rows["mos"] = _spread(len(rows), 0.05, 0.9)
    rows["image"] = rows["content"] = rows["set"] + "/" + rows["image_name"]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    labels = rows[["image_name", "mos", "set"]].rename(columns={"mos": "quality_mos"})
    labels = labels.assign(subset="nature", views=100, user_name="a, b")
    _write(root, "uhd-iqa-metadata.csv", labels.to_csv(index=False))
    return _finish(root, rows, paint)


def ava(root, contents=None, paint=None, count=3000):
    """AVA with fewer photographs than its 255,530; every tenth one is for tests."""
    random = np.random.default_rng(0)
    votes = random.integers(0, 40, (count, 10)) + 1
    rows = pd.DataFrame({"id": 900000 + 3 * np.arange(count)})
    rows["mos"] = votes @ np.arange(1, 11) / votes.sum(axis=1)
    rows["image"] = rows["content"] = "images/" + rows["id"].astype(str) + ".jpg"
    kept = _among(rows["content"], contents)
    lines = [
        " ".join(map(str, [number + 1, rows["id"][number], *votes[number], 1, 22, 1396])) + "\n"
        for number in np.flatnonzero(kept)
    ]
    _write(root, "AVA.txt", "".join(lines))
    tested = "".join(f"{name}\n" for name in [1, *rows["id"][::10]])  # 1 is not in AVA.txt
    _write(root, "aesthetics_image_lists/generic_test.jpgl", tested)
    return _finish(root, rows[kept], paint)


def piq23(root, contents=None, paint=None, attribute="Overall"):
    """PIQ23 with one attribute's pictures, and the split that only the repository has."""
    scenes = [kind for kind, count in PIQ_CONDITIONS.items() for _ in range(count)]
    scenes = [f"{kind}_Scene_{number}" for number, kind in enumerate(scenes)]
    names = [f"{number}_{scenes[number % 50]}.jpg" for number in range(5116)]
    names[7], names[8] = names[7].replace(".jpg", ".tiff"), names[8].replace(".jpg", ".JPG")
    rows = pd.DataFrame({"IMAGE": names, "content": [scenes[n % 50] for n in range(5116)]})
    rows["mos"] = _spread(len(rows), -7.13, 4.97)
    rows["image"] = f"{attribute}/" + rows["IMAGE"]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    labels = pd.DataFrame(
        {
            "IMAGE PATH": f"{attribute}\\" + rows["IMAGE"],
            "JOD": rows["mos"],
            "JOD STD": 0.4,
            "IMAGE": rows["IMAGE"],
            "SCENE": rows["content"],
            "ATTRIBUTE": attribute,
            "CONDITION": rows["content"].str.partition("_")[0],
        }
    )
    _write(root, f"Scores_{attribute}.csv", labels.to_csv(index=False))
    parts = ["Test" if number < PIQ_TEST else "Train" for number in range(50)]
    split = pd.DataFrame({"SCENE": scenes, "SPLIT": parts, "NB IMAGES": 102})
    _write(root, "Test split/Scene Split.csv", split.to_csv(index=False))
    return _finish(root, rows, paint)


def gfiqa(root, contents=None, paint=None, count=2000):
    """GFIQA-20k with fewer pictures; how many it has was stated in several ways."""
    rows = pd.DataFrame({"img_name": [f"{number}.png" for number in range(count)]})
    rows["mos"] = _spread(count, 0.01, 0.99)
    rows["image"] = rows["content"] = "image/" + rows["img_name"]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    _write(root, "mos_val_rating.csv", rows[["img_name", "mos"]].to_csv(index=False))
    return _finish(root, rows, paint)


def cgfiqa(root, contents=None, paint=None):
    """CGFIQA-40k."""
    rows = pd.DataFrame(
        [
            (part, f"{number:05d}.png")
            for part, count in CGFIQA_PARTS.items()
            for number in range(count)
        ],
        columns=["part", "name"],
    )
    rows["mos"] = _spread(len(rows), 0.1, 4.9)
    rows["image"] = rows["content"] = rows["part"] + "/img/" + rows["name"]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    for part in CGFIQA_PARTS:
        inside = rows[rows["part"] == part]
        labels = {"Image": inside["name"].tolist(), "MOS": inside["mos"].tolist()}
        _write(root, f"{part}/label.json", json.dumps(labels))
    return _finish(root, rows, paint)


def agiqa3k(root, contents=None, paint=None, folder="AGIQA-3K/"):
    """AGIQA-3K; a prompt may hold commas and quotes."""
    rows = pd.DataFrame(
        [
            (f"{maker}_{number:03d}.jpg", f'a "boat", {number}')
            for maker, count in AGIQA_MAKERS.items()
            for number in range(count)
        ],
        columns=["name", "content"],
    )
    rows["mos"] = _spread(len(rows), 0, 4.488741)
    rows["image"] = folder + rows["name"]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    labels = pd.DataFrame({"name": rows["name"], "prompt": rows["content"]})
    labels = labels.assign(adj1="cold color", adj2="", style="", mos_quality=rows["mos"])
    labels = labels.assign(std_quality=_deviations(rows), mos_align=4.5 - rows["mos"])
    _write(root, "data.csv", labels.assign(std_align=0.25).to_csv(index=False))
    return _finish(root, rows, paint)


def aigciqa2023(root, contents=None, paint=None):
    """AIGCIQA2023, always whole: its scores have no names."""
    rows = pd.DataFrame({"image": [f"Image/allimg/{number}.png" for number in range(2400)]})
    rows["content"] = [f"prompt-{number // 4 % 100:03d}" for number in range(2400)]
    rows["mos"] = _spread(2400, 20, 80)
    for number, scores in enumerate((rows["mos"], 100 - rows["mos"], rows["mos"] / 2), 1):
        savemat(_in(root, f"DATA/MOS/mosz{number}.mat"), {"MOSz": scores.to_numpy()[:, None]})
    return _finish(root, rows, paint)


def biq2021(root, contents=None, paint=None):
    """BIQ2021 with the official names and split; one name is ``.JPG`` in the folder alone."""
    sizes = {"ss01": 2000, "ss02": 2000, "ss03": 8000}
    rows = pd.DataFrame(
        {"name": [f"{kind} ({n}).jpg" for kind, size in sizes.items() for n in range(1, size + 1)]}
    )
    rows["mos"] = _spread(len(rows), 0, 1)
    rows["part"] = np.where(np.arange(len(rows)) % 6 == 5, "Test", "Train")
    known = [_biq2021_labels(part) for part in ("Train", "Test")]
    if all(table is not None for table in known):
        rows = pd.concat(known, ignore_index=True)
    rows["content"] = rows["name"]
    rows = rows[_among(rows["content"], contents)].reset_index(drop=True)
    for part in ("Train", "Test"):
        labels = rows.loc[rows["part"] == part, ["name", "mos"]]
        more = ",," if part == "Train" else ""  # as published
        lines = [f"Image Name,MOS{more}", *(f"{name},{mos}{more}" for name, mos in labels.values)]
        _write(root, f"{part} (Images and MOS).csv", "\n".join(lines) + "\n")
    written = rows["name"].replace("ss02 (1014).jpg", "ss02 (1014).JPG")
    rows["image"] = "Images/" + written
    return _finish(root, rows, paint)


def _biq2021_labels(part):
    path = LABELS / "biq2021" / f"{part} (Images and MOS).csv"
    if not path.exists():
        return None
    table = pd.read_csv(path)[["Image Name", "MOS"]].set_axis(["name", "mos"], axis=1)
    return table.assign(part=part)


RECENT = {
    "biq2021": biq2021,
    "flive": flive,
    "flive-patches": flive_patches,
    "pipal": pipal,
    "uhdiqa": uhdiqa,
    "ava": ava,
    "piq23": piq23,
    "gfiqa": gfiqa,
    "cgfiqa": cgfiqa,
    "agiqa3k": agiqa3k,
    "aigciqa2023": aigciqa2023,
}
BUILDERS = PUBLIC | RECENT
