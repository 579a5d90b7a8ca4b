import numpy as np
import pytest
from scipy import stats
from stored import CROSS, OFFICIAL, THREE_FOLD

from iqabench.contract import UnknownNameError, UsageError
from iqabench.report import canvas, diagram
from iqabench.report.ranks import ranks


@pytest.fixture
def sets(book):
    """Adds a model with these noises on sets a, b, c ..., which share one table of labels."""
    for name in "abcd":
        book.store.save_table(name, "0" * 16, book.table)

    def add(label, noises, **keys):
        for number, (test, noise) in enumerate(noises.items()):
            job = f"{label}-{test}-{keys.get('protocol', THREE_FOLD).name}{keys.get('config', '')}"
            scores = book.noisy(noise, seed=number)
            book.add(label, scores, name=job, **{"test": test, "train": test, **keys})

    book.give = add
    return book


def noises(a, b, c):
    return {"a": a, "b": b, "c": c}


def test_mean_ranks_and_friedman_over_test_sets(sets):
    """Ranks on a, b, c: good 1 1 2, fair 2 2 1, bad 3 3 3; sums 4, 5, 9."""
    sets.give("bad", noises(3, 3, 3))
    sets.give("good", noises(0.1, 0.1, 0.6))
    sets.give("fair", noises(0.6, 0.6, 0.1))
    found = ranks(sets.store)
    assert list(found.table["model"]) == ["good", "fair", "bad"]
    assert found.table["mean_rank"].tolist() == pytest.approx([4 / 3, 5 / 3, 3])
    assert list(found.scores) == ["a", "b", "c"]
    assert found.friedman.chi2 == pytest.approx(
        stats.friedmanchisquare([1, 1, 2], [2, 2, 1], [3, 3, 3]).statistic
    )
    # CD = 2.343 sqrt(3 * 4 / (6 * 3)) = 1.91: nobody is told apart.
    assert found.critical_difference == pytest.approx(1.913, abs=2e-3)
    assert found.cliques == (("good", "fair", "bad"),)
    board = sets.board()
    assert found.scores.loc["fair", "c"] == board[board["test"] == "c"].loc["fair", "srocc_mean"]


def test_seeds_are_no_blocks(sets):
    """Three repetitions of two sets are two blocks: CD = 2.343 sqrt(3 * 4 / (6 * 2))."""
    for label in "xyz":
        sets.give(label, {"a": 0.5, "b": 0.5})
    assert ranks(sets.store).critical_difference == pytest.approx(2.343, abs=2e-3)


def test_models_named_decide_which_sets_count(sets):
    for label in "xyz":
        sets.give(label, {"a": 0.5, "b": 0.7})
    sets.give("w", {"a": 0.5})
    every = ranks(sets.store)
    assert "w" not in every.scores.index
    assert every.remarks == ("left out: w; it has no SROCC on b",)
    with pytest.raises(UsageError, match="4 models on 1 test sets") as caught:
        ranks(sets.store, ["w", "x", "y", "z"])
    assert "left out: b; w has no SROCC on it" in caught.value.hint


def test_trained_on_one_set_is_another_question(sets):
    for label in "xyz":
        sets.give(label, noises(0.5, 0.5, 0.5))
        sets.give(label, {"b": 0.2, "c": 0.2}, protocol=CROSS, train="a")
    sets.give("plain", {"b": 0.1, "c": 0.1}, protocol=CROSS, train="-")
    assert list(ranks(sets.store).scores) == ["a", "b", "c"]
    across = ranks(sets.store, train="a")
    assert list(across.scores) == ["b", "c"]
    assert set(across.scores.index) == {"plain", "x", "y", "z"}
    with pytest.raises(UsageError):
        ranks(sets.store, train="b")


def test_a_set_counts_once_by_the_protocol_that_most_models_share(sets):
    for label in "xyz":
        sets.give(label, {"a": 0.5, "b": 0.5})
    sets.give("x", {"a": 0.5}, protocol=OFFICIAL)
    found = ranks(sets.store)
    assert found.scores.shape == (3, 2)
    assert found.remarks == (
        "left out: a by official, labels 000000; it counts by 3-fold, labels 000000",
    )


def test_configurations_of_one_label_are_models_of_their_own(sets):
    for label in "xy":
        sets.give(label, {"a": 0.5, "b": 0.5})
    sets.give("x", {"a": 0.7, "b": 0.7}, config="d" * 16, protocol=THREE_FOLD)
    assert set(ranks(sets.store).scores.index) == {"x config=cccccccc", "x config=dddddddd", "y"}


def test_a_label_may_stand_for_other_configurations_on_other_sets(sets):
    for label in "xyz":
        sets.give(label, {"a": 0.5})
        sets.give(label, {"b": 0.5}, config=label * 16 if label != "x" else "c" * 16)
    sets.give("w", {"a": 0.5}, config="1" * 16, model="imported")
    sets.give("w", {"b": 0.5}, config="2" * 16, model="imported")
    found = ranks(sets.store)
    assert set(found.scores.index) == set("wxyz")
    assert found.remarks == tuple(f"{name} has 2 configurations on different sets" for name in "yz")


def test_proxy_labels_are_named(sets):
    for label in "xyz":
        sets.give(label, {"a": 0.5})
        sets.give(label, {"b": 0.5}, labels="proxy")
    assert ranks(sets.store).proxy == ("b",)


def test_too_little_is_a_sentence(sets, book):
    with pytest.raises(UsageError, match="0 models on 0 test sets"):
        ranks(book.store)
    sets.give("x", {"a": 0.5, "b": 0.5})
    with pytest.raises(UsageError, match="1 models on 2 test sets"):
        ranks(sets.store)
    with pytest.raises(UnknownNameError, match="'xx'"):
        ranks(sets.store, ["xx"])


@pytest.mark.parametrize("form", ["png", "pdf", "svg"])
def test_the_diagram_names_models_and_ranks(sets, tmp_path, form):
    sets.give("bad", noises(3, 3, 3))
    sets.give("good", noises(0.1, 0.1, 0.1))
    sets.give("fair", noises(0.6, 0.6, 0.6))
    path = tmp_path / "new" / f"one.{form}"
    diagram.draw(ranks(sets.store), path)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    if form == "svg":
        words = path.read_text()
        for word in ("good", "1.00", "fair", "2.00", "bad", "3.00", "CD = 1.91", "on a, b, c"):
            assert f"<!-- {word}" in words or word in words
    else:
        assert path.read_bytes().startswith({"png": b"\x89PNG", "pdf": b"%PDF"}[form])


def test_the_best_stands_left(sets, tmp_path):
    """Each model's line leaves the axis at its rank: ink below the axis at 1, 2 and 3 of 1 to 3."""
    from PIL import Image

    sets.give("bad", noises(3, 3, 3))
    sets.give("good", noises(0.1, 0.1, 0.1))
    sets.give("fair", noises(0.6, 0.6, 0.6))
    found = ranks(sets.store)
    diagram.draw(found, tmp_path / "one.png")
    pixels = np.asarray(Image.open(tmp_path / "one.png").convert("L"))
    # Below the last bar and above the first label.
    bars = (diagram.TOP + (len(found.cliques) + 1) * diagram.BAR - 0.02) * canvas.DPI
    ink = np.flatnonzero(pixels[round(bars)] < 220)
    places = [group.mean() for group in np.split(ink, np.flatnonzero(np.diff(ink) > 3) + 1)]
    assert len(places) == 3
    assert np.ptp(places) >= diagram.LEAST * canvas.DPI
    assert np.diff(places)[0] == pytest.approx(np.diff(places)[1], abs=3)
