import re

import numpy as np
import pytest

from iqabench.report.evaluations import groups
from iqabench.report.page import panels
from iqabench.report.page.panels import BOTTOM, LEFT, RIGHT, TOP, panel_of


def panels_of(book):
    return {group.record.label: panel_of(group) for group in groups(book.store)}


def places(path):
    return np.array([[float(x), float(y)] for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)])


def test_points_lie_where_predictions_and_labels_say(book):
    scores = book.noisy(0.5)
    book.add("one", scores)
    panel = panels_of(book)["one"]
    found = places(panel.scatter.points)
    names = [panel.sample[image] for image in panel.scatter.images]
    rows = book.table.assign(prediction=scores).set_index("image").loc[names]
    assert sorted(names) == sorted(book.table["image"])
    # Linear to within the tenth of a unit that places are rounded to, and upright.
    for place, values, ends in (
        (found[:, 0], rows["prediction"], (LEFT + 4, RIGHT - 4)),
        (found[:, 1], rows["quality"], (BOTTOM - 4, TOP + 4)),
    ):
        expected = np.interp(values, (values.min(), values.max()), ends)
        np.testing.assert_allclose(place, expected, atol=0.051)
    shown = [float(value) for value in panel.scatter.predictions]
    np.testing.assert_allclose(shown, rows["prediction"], rtol=1e-3)
    assert len(panel.scatter.curves) == 3


def test_ticks_are_round_numbers_in_their_places(book):
    book.add("one", 10 * book.table["quality"])
    scatter = panels_of(book)["one"].scatter
    low, high = 10 * book.table["quality"].min(), 10 * book.table["quality"].max()
    assert len(scatter.x_ticks) >= 2
    for place, text in scatter.x_ticks:
        expected = np.interp(float(text), (low, high), (LEFT + 4, RIGHT - 4))
        assert place == pytest.approx(expected, abs=0.051)


def test_all_models_show_the_same_few_pictures_of_a_set(book, monkeypatch):
    monkeypatch.setattr(panels, "POINTS", 10)
    book.add("one", book.noisy(0.5))
    book.add("two", book.noisy(0.5, seed=1).where(book.table.index % 2 == 0))
    one, two = panels_of(book).values()
    assert len(one.sample) == 10
    assert one.sample == two.sample
    assert len(places(one.scatter.points)) == 10
    assert set(two.scatter.images) < set(one.scatter.images)


def test_a_wild_prediction_is_drawn_at_the_edge_and_counted(book):
    scores = book.noisy(0.1)
    scores[7] = -1e6
    book.add("one", scores)
    scatter = panels_of(book)["one"].scatter
    assert scatter.beyond == 1
    x = places(scatter.points)[:, 0]
    assert (x.min(), x.max()) == (LEFT + 4, RIGHT - 4)
    assert np.std(x) > (RIGHT - LEFT) / 8
    for curve in scatter.curves:
        assert (places(curve.path) >= (LEFT, TOP)).all()
        assert (places(curve.path) <= (RIGHT, BOTTOM)).all()


def test_the_worst_pictures_are_those_that_were_predicted_wrongly(book):
    scores = book.table["quality"].copy()
    middle = book.table["quality"].sub(3).abs().nsmallest(5).index  # their errors stay the largest
    scores[middle] += [2.0, -1.9, 1.8, -1.7, 1.6]
    book.add("one", scores)
    worst = panels_of(book)["one"].worst
    assert {one.image for one in worst} == set(book.table["image"][middle])
    labels = book.table.set_index("image")["quality"]
    raw = dict(zip(book.table["image"], scores, strict=True))
    for one in worst:
        assert one.quality == labels[one.image]
        assert one.prediction == pytest.approx(raw[one.image])
        assert np.sign(one.mapped - one.quality) == np.sign(one.prediction - one.quality)


def test_a_picture_under_several_names_is_shown_once(book):
    table = book.table
    same = table["content"] == "c00"
    table.loc[same, "quality"] = 3.0
    scores = table["quality"].copy()
    scores[same] += 1.5
    book.store.save_table("set", "1" * 16, table)
    book.add("one", scores, test_hash="1" * 16)
    worst = panels_of(book)["one"].worst
    assert len(worst) == 5
    assert sum(one.image.startswith("c00") for one in worst) == 1


def test_files_of_equal_bytes_are_shown_once_whatever_is_said_of_them(book):
    first, second = book.table["quality"].sub(3).abs().nsmallest(2).index
    scores = book.table["quality"].copy()
    scores[first], scores[second] = scores[first] + 2, scores[second] + 1.9
    book.add("one", scores)
    (group,) = groups(book.store)
    images = list(book.table["image"][[first, second]])
    assert [one.image for one in panel_of(group).worst[:2]] == images
    shown = [one.image for one in panel_of(group, dict.fromkeys(images, "a" * 64)).worst]
    assert images[0] == shown[0] and images[1] not in shown and len(shown) == 5


def test_a_pictures_errors_are_averaged_over_the_repetitions_that_tested_it(book):
    """One repetition is wrong by 3 about a picture and another right; a third says 2 of another."""
    table = book.table
    book.folds = [sorted(set(table["content"]))] * 2
    first, second = table["quality"].copy(), table["quality"].copy()
    once, twice = table["quality"].sub(3).abs().nsmallest(2).index
    first[once] += 1.8
    first[twice] += 1.2
    second[twice] += 1.2
    book.add("one", first, folds=(0,))
    book.add("one", second, folds=(1,), name="other")
    worst = panels_of(book)["one"].worst
    assert [one.image for one in worst[:2]] == list(table["image"][[twice, once]])


def test_equal_predictions_have_no_curve_and_no_worst_pictures(book):
    book.add("one", 0 * book.table["quality"] + 0.5)
    panel = panels_of(book)["one"]
    assert panel.scatter.curves == ()
    assert panel.worst == ()
    assert set(places(panel.scatter.points)[:, 0]) == {(LEFT + RIGHT) / 2}
    assert [text for _, text in panel.scatter.x_ticks] == ["0.5"]


def test_failed_pictures_are_counted_by_what_went_wrong(book):
    scores = book.noisy(0.5)
    scores[[3, 30]] = np.nan
    book.add("one", scores)
    book.add("lost", None, status="failed")
    found = panels_of(book)
    assert found["one"].errors == (("ValueError: odd", 2, book.table["image"][3]),)
    assert (found["lost"].scatter, found["lost"].worst, found["lost"].errors) == (None, (), ())


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"distortion": "jpeg", "level": 2.0}, "jpeg, level 2"),
        ({"distortion": None, "level": float("nan")}, ""),
        ({"distortion": "jpeg"}, "jpeg"),
        ({}, ""),
    ],
)
def test_distortions_in_words(labels, words):
    assert panels.distorted(labels) == words
