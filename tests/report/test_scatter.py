import numpy as np
import pytest
from PIL import Image

from iqabench.report import scatter
from iqabench.report.evaluations import groups


@pytest.fixture
def drawn(book, tmp_path):
    """Draws one panel of these scores, or several; returns the pixels."""

    def draw(*scores):
        for number, one in enumerate(scores):
            book.add(f"m{number}", one)
        found = {group.record.label: group for group in groups(book.store)}
        scatter.draw(found, tmp_path / "figures" / "one.png", "a title")
        image = Image.open(tmp_path / "figures" / "one.png").convert("RGB")
        return np.asarray(image).astype(int)[: round(0.85 * image.height)]  # without the legend

    return draw


def dots(pixels):
    """Where it is blue."""
    return np.nonzero(pixels[..., 2] - pixels[..., 0] > 40)


def curve(pixels):
    """Where it has any other colour."""
    blue = pixels[..., 2] - pixels[..., 0]
    return np.nonzero((np.ptp(pixels, axis=2) > 60) & (blue < 30))


def test_dots_and_curve_rise_with_good_predictions(drawn, book):
    pixels = drawn(book.noisy(0.1))
    for where in (dots(pixels), curve(pixels)):
        assert np.corrcoef(*where)[0, 1] < -0.95  # rows count downwards


def test_signs_are_not_hidden(drawn, book):
    assert np.corrcoef(*curve(drawn(-book.noisy(0.1))))[0, 1] > 0.95


def test_where_no_curve_can_be_fitted_there_is_none(drawn, book):
    pixels = drawn(0 * book.table["quality"])
    assert len(dots(pixels)[0]) and not len(curve(pixels)[0])


def test_pictures_without_a_prediction_and_failed_jobs_leave_the_rest(drawn, book):
    scores = book.noisy(0.1)
    scores[book.table["content"].isin(book.folds[0])] = np.nan
    book.add("failed", scores, status="failed")
    assert len(curve(drawn(scores))[0])


def test_each_model_has_a_panel(drawn, book):
    one = book.noisy(0.1)
    drawn(one, one, one, one, one)
    path = book.store.root.parent / "figures" / "one.png"
    assert Image.open(path).width == 7 * 300  # inches, and dots per inch


def test_curves_of_repetitions_differ_and_are_named(book, monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr(scatter.canvas, "save", lambda figure, path: kept.append(figure))
    book.add("one", book.noisy(0.3))
    book.add("two", book.noisy(0.6))
    scatter.draw({one.name: one for one in groups(book.store)}, tmp_path / "one.png", "a title")
    (figure,) = kept
    assert [text.get_text() for text in figure.legends[0].texts] == ["fold 0", "fold 1", "fold 2"]
    for axes in figure.axes:
        lines = [line for line in axes.lines if line.get_label().startswith("fold")]
        looks = {(line.get_color(), str(line._dash_pattern)) for line in lines}
        assert len(lines) == len(looks) == 3
