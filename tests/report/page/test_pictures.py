import base64
import io

import numpy as np
import pytest
from PIL import Image
from synthetic import study

from iqabench import Session
from iqabench.report.evaluations import groups
from iqabench.report.page import pictures, sets_tested
from iqabench.report.page.panels import panel_of
from iqabench.report.page.pictures import album
from iqabench.store import Store


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return study(tmp_path_factory.mktemp("study"), ["a", "b"], ["one", "two"], 2, 10, 3)


@pytest.fixture
def panels(made, monkeypatch):
    monkeypatch.setattr("iqabench.report.leaderboard.RESAMPLES", 20)
    return [panel_of(group) for group in groups(Store(made.store))]


def sources(made):
    session = Session(made.catalog)
    return {key: session.pictures(*key) for key in sets_tested(Store(made.store))}


def silent(done, total, what):
    pass


def test_a_thumbnail_is_the_small_picture(made, panels):
    found = album(sources(made), panels, silent)
    assert len(found.thumbnails) == len(found.numbers) == 120  # 2 sets of 10 x 2 x 3 pictures
    for panel in panels:
        image = panel.sample[0]
        kind, _, code = found.thumbnails[found.number(panel, image)].partition(",")
        assert kind == "data:image/webp;base64"
        with Image.open(io.BytesIO(base64.b64decode(code))) as small:
            pixels = np.asarray(small.convert("RGB"), dtype=float)
        assert pixels.shape == (96, 128, 3)
        with Image.open(made.catalog.parent / panel.key[0] / image) as whole:
            expected = np.asarray(whole.resize((128, 96), Image.Resampling.BICUBIC), dtype=float)
        assert np.abs(pixels - expected).mean() < 12


def test_the_worst_come_first_and_then_every_set_in_turn(made, panels, monkeypatch):
    worst = {(panel.key, one.image) for panel in panels for one in panel.worst}
    monkeypatch.setattr(pictures, "MOST", len(worst) + 10)
    found = album(sources(made), panels, silent)
    assert len(found.thumbnails) == len(worst) + 10
    assert worst <= set(found.numbers)
    others = [key[0] for key, _ in set(found.numbers) - worst]
    assert abs(others.count("one") - others.count("two")) <= 3  # some of a turn's are among worst


def test_captions_say_what_the_labels_say(made, panels):
    found = album(sources(made), panels, silent)
    table = panels[0].group.table.set_index("image")
    captions = found.captions(panels[0])
    assert [caption[0] for caption in captions] == list(panels[0].sample)
    for name, distortion, label, number in captions:
        assert distortion == f"{table.loc[name, 'distortion']}, level {table.loc[name, 'level']}"
        assert float(label) == pytest.approx(table.loc[name, "quality"], rel=1e-3)
        assert number == found.numbers[panels[0].key, name]


def test_sets_that_are_gone_or_changed_have_no_thumbnails_and_say_why(
    made, panels, tmp_path, monkeypatch
):
    catalog = tmp_path / "catalog.yaml"
    text = made.catalog.read_text()
    catalog.write_text(text.replace(str(made.catalog.parent / "one"), str(tmp_path / "no")))
    session = Session(catalog)
    keys = dict(sets_tested(Store(made.store)))
    gone, there = session.pictures("one", keys["one"]), session.pictures("two", keys["two"])
    assert gone == "its files are not on this machine"
    assert session.pictures("two", "0" * 16) == "its files or labels have changed since"
    assert session.pictures("none", keys["one"]) == (
        "unknown data set 'none'; a set that --catalog named is to be named again"
    )
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "empty"))
    assert session.pictures("demo", "0" * 16) == (
        "its files are made by `iqabench datasets show demo`"
    )
    both = {("one", keys["one"]): gone, ("two", keys["two"]): there}
    found = album(both, panels, silent)
    assert found.absent == (("one", gone),)
    assert {key[0] for key, _ in found.numbers} == {"two"}


def test_a_picture_that_cannot_be_read_has_no_thumbnail(made, panels, monkeypatch):
    lost = panels[0].worst[0].image
    whole = pictures.cached

    def cached(path, content_hash):
        if path.name == lost:
            raise pictures.DataError("gone")
        return whole(path, content_hash)

    monkeypatch.setattr(pictures, "cached", cached)
    found = album(sources(made), panels, silent)
    assert found.number(panels[0], lost) is None
    assert len(found.thumbnails) == 118  # both sets have a picture of that name
