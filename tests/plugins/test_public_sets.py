"""What holds for every public set; the traps of each have a file of their own."""

import numpy as np
import public_trees
import pytest
import recent_trees

from iqabench.data.splits import hold_out, official
from iqabench.registry import registry

# Images, contents, distortions: as the sets' papers and the public loaders count them.
COUNTS = {
    "live": (779, 29, 5),
    "csiq": (866, 30, 6),
    "tid2013": (3000, 25, 24),
    "kadid": (10125, 81, 25),
    "livec": (1162, 1162, 0),
    "koniq": (10073, 10073, 0),
    "spaq": (11125, 11125, 0),
    "cuid": (600, 60, 3),
    "tid2008": (1700, 25, 17),
    "flive": (39810, 39810, 0),
    "pipal": (23200, 200, 7),
    "uhdiqa": (6073, 6073, 0),
    "piq23": (5116, 50, 50),
    "cgfiqa": (39312, 39312, 0),
    "agiqa3k": (2982, 300, 10),
    "aigciqa2023": (2400, 100, 6),
}
FILES = {
    "live": "LIVE",
    "csiq": "CSIQ",
    "tid2013": "TID2013",
    "kadid": "KADID-10k",
    "livec": "LIVE_Challenge",
    "koniq": "KonIQ-10k",
    "spaq": "SPAQ",
}
NO_RANGE = ("cuid", "cgfiqa", "aigciqa2023")
"""Sets whose scale nobody has stated."""
SPLITS = {
    "uhdiqa": (4269, 904, 900),  # the set's page
    "cgfiqa": (27518, 3931, 7863),  # made up; the folders are the split
}
"""Pictures in the parts that a set publishes."""
sets = pytest.mark.parametrize("name", COUNTS)


@sets
def test_every_image_is_read_and_counted(public, whole, name):
    _, expected = public(name)
    found = whole(name)
    images, contents, distortions = COUNTS[name]
    card = registry().dataset(name)
    assert len(found.table) == len(expected) == card.images == images
    assert found.table["content"].nunique() == card.contents == contents
    kinds = found.table["distortion"].nunique() if "distortion" in found.table else 0
    assert kinds == distortions


@sets
def test_scores_references_and_contents_are_those_published(public, whole, name):
    _, expected = public(name)
    found = whole(name).table.set_index("image").loc[expected["image"]]
    np.testing.assert_allclose(found["mos"], expected["mos"], rtol=0, atol=1e-9)
    assert ("reference" in found) == ("reference" in expected)
    if "reference" in expected:
        assert found["reference"].tolist() == expected["reference"].tolist()
    pairs = set(zip(found["content"], expected["content"].str.lower(), strict=True))
    assert len(pairs) == found["content"].nunique() == expected["content"].nunique()


def test_cuid_is_split_as_its_papers_do(whole):
    # 540 pictures to learn from and 60 to test: 54 references and 6, of which six validate.
    found = whole("cuid")
    split = hold_out("cuid", found.table["content"], 0, found.card.protocol)
    assert (len(split.train) + len(split.validation), len(split.test)) == (54, 6)
    assert len(found.rows_of(list(split.test))) == 60
    assert len(found.rows_of([*split.train, *split.validation])) == 540


@pytest.mark.parametrize("name", FILES)
def test_scores_are_those_of_the_public_index(whole, name):
    known = public_trees.published(FILES[name])
    if known is None:
        pytest.skip(public_trees.NO_LABELS)
    found = whole(name).table
    scores = dict(zip(found["image"].map(_plain), found["mos"], strict=True))
    wanted = dict(zip(known["dis_img_path"].map(_plain), known["score"], strict=True))
    assert len(wanted) == len(known)
    extra = {"100.bmp"} if name == "livec" else set()  # which the index lacks
    assert set(scores) == set(wanted) | extra
    worst = max(abs(scores[image] - score) for image, score in wanted.items())
    assert worst < 1e-6


@sets
def test_quality_rises_where_the_score_says_better(whole, name):
    found = whole(name)
    order = -found.table["mos"] if name in ("live", "csiq") else found.table["mos"]
    np.testing.assert_allclose(found.table["quality"].diff(), order.diff(), atol=1e-9)


@sets
def test_the_score_range_holds_every_score(whole, name):
    found = whole(name)
    if name in NO_RANGE:
        assert found.card.score_range is None
        return
    low, high = found.card.score_range
    assert low <= found.table["mos"].min()
    assert found.table["mos"].max() <= high


@sets
def test_reading_opens_no_picture(public, read, name, monkeypatch, tmp_path):
    import pathlib

    contents = sorted(public(name)[1]["content"].unique())[:3]
    expected = recent_trees.BUILDERS[name](tmp_path, contents=contents)
    opened = []
    plain = pathlib.Path.read_bytes

    def watched(path):
        opened.append(str(path.relative_to(tmp_path)))
        return plain(path)

    monkeypatch.setattr(pathlib.Path, "read_bytes", watched)
    read(name, tmp_path)
    assert opened
    assert not set(opened) & set(expected["image"])


@sets
def test_a_subset_reads_as_the_set_does(public, whole, read, name, tmp_path):
    _, expected = public(name)
    contents = sorted(expected["content"].unique())[:3]
    kept = recent_trees.BUILDERS[name](tmp_path, contents=contents)
    found = read(name, tmp_path).table
    assert sorted(found["image"]) == sorted(kept["image"])
    same = whole(name).table[whole(name).table["image"].isin(found["image"])].reset_index(drop=True)
    columns = ["image", "content", *found.columns.intersection(["reference", "distortion"])]
    assert found[columns].equals(same[columns])


@sets
def test_pictures_can_be_painted(public, name, tmp_path):
    from PIL import Image

    content = public(name)[1]["content"].iloc[0]
    sizes = {}

    def paint(path):
        sizes[path] = (9, 9 + len(sizes))
        return Image.new("RGB", sizes[path])

    kept = recent_trees.BUILDERS[name](tmp_path, contents=[content], paint=paint)
    for image in kept["image"]:
        with Image.open(tmp_path / image) as picture:
            assert picture.size == sizes[image]


@sets
def test_cards_say_where_the_set_comes_from(name):
    card = registry().dataset(name)
    assert card.citation
    assert card.licence
    assert card.homepage.startswith("https://") or name == "cuid"


def test_aliases():
    names = {"tid": "tid2013", "live-challenge": "livec", "clive": "livec", "koniq10k": "koniq"}
    names |= {"paq2piq": "flive", "uhd-iqa": "uhdiqa", "gfiqa-20k": "gfiqa", "agiqa-3k": "agiqa3k"}
    names |= {"piq2023": "piq23", "cgfiqa-40k": "cgfiqa"}
    for alias, name in names.items():
        assert registry().dataset(alias).name == name


@sets
def test_few_sets_publish_a_split(whole, name):
    split = ("uhdiqa", "cgfiqa", "flive", "piq23")
    assert ("official_split" in whole(name).table) == (name in split)


@pytest.mark.parametrize("name", SPLITS)
def test_parts_of_a_published_split(whole, name):
    found = whole(name)
    split = official(name, found.table, 0, found.card.protocol)
    assert tuple(map(len, (split.train, split.validation, split.test))) == SPLITS[name]


def test_koniq_publishes_a_split_with_one_of_its_label_files(public, read):
    root, _ = public("koniq", flavour="sets")
    found = read("koniq", root)
    split = official("koniq", found.table, 0, found.card.protocol)
    assert [len(part) for part in (split.train, split.validation, split.test)] == [7058, 1000, 2015]


def _plain(path):
    """A picture's name, with its folder where names repeat; TID2013's case is left out."""
    parts = path.split("/")
    return "/".join(parts[-2:]).lower() if parts[-1].startswith("img") else parts[-1].lower()
