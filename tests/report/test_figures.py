import numpy as np
import pandas as pd
import pytest
from PIL import Image

from iqabench.contract import UsageError
from iqabench.report import canvas, heatmap, intervals
from iqabench.report.figures import write


@pytest.fixture
def shelf(book):
    """Three models on two sets, one of which names distortions."""
    number = np.arange(len(book.table))
    kinds = np.where(number % 2, "blur", "noise")
    book.store.save_table("kinds", "0" * 16, book.table.assign(distortion=kinds))
    for place, label in enumerate("xyz"):
        job = book.add(label, book.noisy(0.3 + place, seed=place))
        for fold in range(3):
            book.evaluate(label, job, fold, test="kinds", train="kinds")
    return book


def test_everything_is_drawn_once(shelf, tmp_path):
    heard = []
    done = write(shelf.store, tmp_path / "new", "svg", tick=lambda *words: heard.append(words))
    assert {path.name for path in done.paths} == {
        "critical-difference.svg",
        "train-test.svg",
        "srocc-set-3-fold.svg",
        "scatter-set-3-fold.svg",
        "srocc-kinds-3-fold.svg",
        "scatter-kinds-3-fold.svg",
        "distortions-kinds-3-fold.svg",
    }
    assert {path.name for path in (tmp_path / "new").iterdir()} == {p.name for p in done.paths}
    assert done.left_out == ("no distortions-set-3-fold: set names none, or one only",)
    assert len(heard) == 7 and {total for _, total, _ in heard} == {8}


@pytest.mark.parametrize("form", canvas.FORMATS)
def test_the_same_results_make_the_same_files(shelf, tmp_path, form):
    first, second = (write(shelf.store, tmp_path / name, form).paths for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_one_model_has_no_diagram_and_all_else(book, tmp_path):
    book.add("one", book.noisy(0.5))
    done = write(book.store, tmp_path, "png")
    assert {path.name for path in done.paths} == {
        "train-test.png",
        "srocc-set-3-fold.png",
        "scatter-set-3-fold.png",
    }
    assert "no critical-difference diagram: 1 models on 1 test sets" in done.left_out[0]


def test_failures_are_drawn_as_nothing(book, tmp_path):
    book.add("lost", book.noisy(0.5), status="failed")
    assert len(write(book.store, tmp_path, "png").paths) == 3


def test_other_labels_of_a_set_have_files_of_their_own(book, tmp_path):
    book.store.save_table("set", "1" * 16, book.table.assign(quality=book.noisy(0.1)))
    book.add("one", book.noisy(0.5))
    book.add("new", book.noisy(0.5), test_hash="1" * 16)
    names = {path.name for path in write(book.store, tmp_path, "svg").paths}
    assert {f"srocc-set-3-fold-{labels * 6}.svg" for labels in "01"} <= names


def test_a_place_that_cannot_be_written_is_a_sentence(book, tmp_path):
    book.add("one", book.noisy(0.5))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"):
        write(book.store, tmp_path / "file" / "inside", "png")


def test_an_empty_store_is_a_sentence(book, tmp_path):
    with pytest.raises(UsageError, match="no model in"):
        write(book.store, tmp_path / "new", "png")
    assert not (tmp_path / "new").exists()


def colours(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_higher_is_brighter_and_a_gap_is_grey(tmp_path):
    """Viridis runs from dark to bright; three cells beside each other, the middle one missing."""
    heatmap.draw({"": pd.DataFrame([[0.0, np.nan, 1.0]])}, tmp_path / "one.png", "")
    pixels = colours(tmp_path / "one.png").reshape(-1, 3)

    def share(colour):
        return np.mean(np.abs(pixels - colour).sum(axis=1) < 12)

    dark, grey, bright = share((68, 1, 84)), share((211, 211, 211)), share((253, 231, 37))
    assert dark > 0.01 and bright > 0.01
    assert grey > 0.01


def test_negative_correlations_have_a_colour_of_their_own(tmp_path):
    heatmap.draw({"": pd.DataFrame([[-1.0, 1.0]])}, tmp_path / "one.png", "")
    heatmap.draw({"": pd.DataFrame([[0.0, 1.0]])}, tmp_path / "two.png", "")
    for name in ("one", "two"):  # the lowest is darkest either way
        pixels = colours(tmp_path / f"{name}.png").reshape(-1, 3)
        assert np.mean(np.abs(pixels - (68, 1, 84)).sum(axis=1) < 12) > 0.01


def test_interval_lengths_are_drawn_to_scale(tmp_path):
    table = pd.DataFrame(
        {
            "model": ["wide", "narrow"],
            "test": "set",
            "labels": "human",
            "srocc_mean": [0.5, 0.5],
            "srocc_low": [0.1, 0.4],
            "srocc_high": [0.9, 0.6],
        }
    )
    intervals.draw(table, "model", tmp_path / "one.png", "a title")
    blue = np.abs(colours(tmp_path / "one.png") - (0x20, 0x54, 0x93)).sum(2) < 30
    rows = np.flatnonzero(blue.any(axis=1))
    bands = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    wide, narrow = (np.flatnonzero(blue[band].any(axis=0)) for band in bands)
    assert np.ptp(wide) == pytest.approx(4 * np.ptp(narrow), rel=0.05)  # the first is on top


@pytest.fixture
def kept(monkeypatch):
    """Each drawn figure by the name of its file; nothing is written."""
    found = {}
    monkeypatch.setattr(canvas, "save", lambda made, path: found.update({path.stem: made}))
    return found


def words(figure):
    """Its texts, with their boxes in parts of the figure."""
    figure.canvas.draw()
    to_parts = figure.transFigure.inverted()
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.texts)]
    for axes in figure.axes:
        texts += [*axes.texts, axes.title]
        for axis, ends in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            if axes.axison:
                texts += [axis.label]
                texts += [text for place, text in ticks if min(ends) <= place <= max(ends)]
    seen = [text for text in texts if text.get_text().strip()]
    return [(text, text.get_window_extent().transformed(to_parts)) for text in seen]


def test_figures_are_as_wide_as_a_paper_has_room_and_legible(shelf, tmp_path, kept):
    """A column of two has 3.3 inches or more, a page 7 or more; 6 points are the least in print."""
    shelf.add("a-model-with-a-very-long-name-of-a-variant", shelf.noisy(0.4))
    write(shelf.store, tmp_path, "png")
    assert len(kept) == 7
    for name, figure in kept.items():
        assert figure.get_figwidth() <= (3.3 if name.startswith("srocc") else 7), name
        for text, box in words(figure):
            assert text.get_fontsize() >= 6, (name, text)
            assert box.x0 >= -0.002 and box.x1 <= 1.002, (name, text)
            assert box.y0 >= -0.002 and box.y1 <= 1.002, (name, text)


def test_titles_name_the_set_and_then_the_protocol(shelf, tmp_path, kept):
    write(shelf.store, tmp_path, "png")
    for name in ("srocc-set-3-fold", "scatter-set-3-fold"):
        assert kept[name].get_suptitle() == "set, 3-fold"


def test_points_of_two_models_keep_away_from_the_frame(book, tmp_path, kept):
    for label in ("one", "two"):
        book.add(label, book.noisy(0.5))
    write(book.store, tmp_path, "png")
    (axes,) = kept["srocc-set-3-fold"].axes
    low, high = axes.get_ylim()
    assert [round((place - low) / (high - low), 2) for place in axes.get_yticks()] == [0.29, 0.71]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.62, 0.71, 0.88, float("nan")], (0.6, 0.9, False)),
        ([0.81, 0.85, 0.88, 0.9, 0.05], (0.8, 0.9, True)),
        ([-0.4, 0.3, 0.9], (-0.4, 0.9, False)),
        ([0.95, 0.95], (0.9, 1.0, False)),
        ([float("nan")], (0.0, 1.0, False)),
    ],
)
def test_colours_span_what_is_there_and_no_outlier(values, expected):
    assert heatmap.limits(values) == pytest.approx(expected)
