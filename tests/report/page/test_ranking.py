import numpy as np
import pytest
from stored import CROSS

from iqabench.report.page.ranking import LEFT, RIGHT, diagrams

NAMES = ("first", "second", "third", "a name that has far too many letters")


@pytest.fixture
def ranked(book):
    """Four models whose order is the same on each of four sets, and the last but one's tie."""
    for number, test in enumerate(("s0", "s1", "s2", "s3")):
        key = str(number) * 16
        book.store.save_table(test, key, book.table)
        for place, label in enumerate(NAMES):
            noise = (0.05, 0.5, 1.5, 4.0)[place]
            scores = book.noisy(noise, seed=10 * number)
            keys = {"test": test, "train": test, "test_hash": key}
            book.add(label, scores, name=f"{place}{number}", **keys)
    return book


def test_models_stand_at_their_ranks_between_the_ends_of_the_axis(ranked):
    found = diagrams(ranked.store, None, False)
    assert found.lacking == ()
    (made,) = found.drawn
    assert made.title == "trained within each set"
    assert [place.name for place in made.places] == [*NAMES[:3], "a name th…o many letters"]
    assert [place.rank for place in made.places] == [1, 2, 3, 4]
    expected = np.linspace(LEFT, RIGHT, 4)
    assert [place.x for place in made.places] == pytest.approx(expected, abs=0.051)
    assert [place.on_the_left for place in made.places] == [True, True, False, False]
    first, second, third, fourth = (place.y for place in made.places)
    assert first == fourth < second == third < made.height
    assert [rank for _, rank in made.ticks] == [1, 2, 3, 4]


def test_bars_join_models_within_the_critical_difference(ranked):
    (made,) = diagrams(ranked.store, None, False).drawn
    # Demsar's q of .05 for 4 models is 2.569; 2.569 sqrt(4 * 5 / (6 * 4)) = 2.345 ranks.
    step = (RIGHT - LEFT) / 3
    assert made.reach == pytest.approx(2.345 * step, abs=0.002 * step)
    ends = [
        ((start + 4 - LEFT) / step + 1, (end - 4 - LEFT) / step + 1) for start, end, _ in made.bars
    ]
    assert np.array(ends) == pytest.approx(np.array([(1, 3), (2, 4)]), abs=0.01)
    heights = [height for _, _, height in made.bars]
    assert heights[0] < heights[1] < min(place.y for place in made.places)


def test_what_cannot_be_ranked_says_why(book):
    for label in NAMES[:2]:
        book.add(label, book.noisy(0.5), train="other", protocol=CROSS)
    found = diagrams(book.store, None, False)
    assert found.drawn == ()
    assert [title for title, _ in found.lacking] == ["trained within each set", "trained on other"]
    assert all("are too few to rank" in why for _, why in found.lacking)
