import threading
import time

import numpy as np
import pytest
import torch

import iqabench
from iqabench.contract.cards import Recipe
from iqabench.contract.progress import Silent
from iqabench.data.given import Given
from iqabench.engine import picture_scores, side_by_side, time_limit
from iqabench.engine.folding import for_scoring
from iqabench.engine.judges import Verdict
from iqabench.engine.network_score import NetworkScore
from iqabench.engine.picture_scores import score
from iqabench.engine.side_by_side import few_pixels
from iqabench.engine.time_limit import TookTooLong


class Judge:
    """Scores a picture by its first pixel, and notes who scored when."""

    label, direction, full_reference, calibration = "judge", "higher", False, None

    def __init__(self, log, wait=0.0, twins=True):
        self.log, self.wait, self.twins, self.busy = log, wait, twins, False

    def twin(self):
        return Judge(self.log, self.wait) if self.twins else None

    def score(self, picture, reference):
        assert not self.busy, "two threads use one judge"
        self.busy = True
        self.log.append(("begin", picture.name, threading.get_ident(), torch.get_num_threads()))
        time.sleep(self.wait)
        self.log.append(("end", picture.name, threading.get_ident(), torch.get_num_threads()))
        self.busy = False
        if picture.name == "bad":
            raise ValueError("no")
        return Verdict(float(picture.pixels[0, 0, 0]))

    def maps(self, picture):
        return {}


class Slow(Judge):
    """All pictures but the first take too long."""

    def twin(self):
        return Judge(self.log, wait=20)

    def score(self, picture, reference):
        self.wait = 0 if picture.name == "p0" else 20
        return super().score(picture, reference)


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(side_by_side, "threads", lambda: 2)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def pictures(number, side=16):
    return [
        Given(f"p{one}", pixels=np.full((side, side, 3), one, np.uint8)) for one in range(number)
    ]


def scores(judge, given):
    return [found.rows[0] for found in score([judge], given, None, Silent())]


def most_at_once(log):
    now = [1 if what == "begin" else -1 for what, *_ in log]
    return int(np.cumsum(now).max())


def test_threads_score_a_picture_each_and_keep_the_order(two_threads):
    log = []
    found = scores(Judge(log, wait=0.05), pictures(8))
    assert [(row.path, row.score) for row in found] == [(f"p{one}", one) for one in range(8)]
    assert most_at_once(log) == 2
    first, others = log[:2], log[2:]
    assert {(name, thread) for _, name, thread, _ in first} == {("p0", threading.get_ident())}
    assert {thread for _, _, thread, _ in others}.isdisjoint({threading.get_ident()})
    assert {threads for *_, threads in others} == {1}
    assert torch.get_num_threads() == 2


def test_a_judge_without_a_twin_scores_in_the_callers_thread(two_threads):
    log = []
    assert [row.score for row in scores(Judge(log, twins=False), pictures(3))] == [0, 1, 2]
    assert {thread for _, _, thread, _ in log} == {threading.get_ident()}


def test_half_of_the_threads_have_large_pictures(two_threads, monkeypatch):
    monkeypatch.setattr(picture_scores, "LARGE", 100)
    log = []
    scores(Judge(log, wait=0.02), pictures(4))
    assert most_at_once(log) == 1


def test_a_picture_that_fails_has_the_reason_in_its_row(two_threads):
    given = [*pictures(2), Given("bad", pixels=np.zeros((16, 16, 3), np.uint8)), *pictures(1)]
    found = scores(Judge([]), given)
    assert [row.error for row in found] == [None, None, "ValueError: no", None]


def test_a_picture_that_takes_too_long_ends_the_scoring(two_threads, monkeypatch):
    monkeypatch.setattr(time_limit, "PICTURE_SECONDS", 0.2)
    began = time.perf_counter()
    with pytest.raises(TookTooLong, match="p1 took more than"):
        scores(Slow([]), pictures(3))
    assert time.perf_counter() - began < 15


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_network_scores_as_alone(two_threads, precision):
    session = iqabench.Session(precision=precision)
    random = np.random.default_rng(0)
    given = [random.integers(0, 256, (96, 128, 3), np.uint8) for _ in range(4)]
    together = iqabench.score("biosiqnet-lite", given, session=session)
    alone = [iqabench.score("biosiqnet-lite", one, session=session) for one in given]
    near = 2e-3 if precision == "fp32" else 1.0
    for column in ("score", "low"):
        each = [row[column][0] for row in alone]
        np.testing.assert_allclose(together[column], each, atol=near)


class Halves(torch.nn.Module):
    """A network that keeps what it saw, so that no two threads can use it."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.seen = None

    def forward(self, images):
        assert self.seen is None, "two threads use one network"
        self.seen = images
        time.sleep(0.02)
        found, self.seen = self.weight * images.mean((1, 2, 3)), None
        return found


def score_of(recipe, log):
    def planes(name):
        log.append(threading.get_ident())
        return torch.full((3, 8, 8), int(name) / 100)

    return NetworkScore(
        for_scoring(Halves(), False), recipe, planes, lambda name: "0", "cpu", "fp32", 0
    )


def test_a_jobs_pictures_are_scored_side_by_side(two_threads):
    log = []
    score = score_of(Recipe(crop=(8, 8)), log)
    began = time.perf_counter()
    found = list(score.predictions([str(number) for number in range(9)]))
    elapsed = time.perf_counter() - began
    assert [row.image for row in found] == [str(number) for number in range(9)]
    assert [row.prediction for row in found] == pytest.approx([n / 100 for n in range(9)])
    assert len(set(log)) == 3  # the first picture's thread is the caller's
    # Two at once, so each costs half of the time that it takes.
    assert sum(row.seconds for row in found) <= elapsed
    assert all(row.seconds >= 0.01 for row in found)


def test_a_network_that_cannot_be_copied_scores_one_by_one(two_threads, monkeypatch):
    def refuse(network, memo):
        raise TypeError("cannot pickle a lock")

    monkeypatch.setattr(Halves, "__deepcopy__", refuse, raising=False)
    log = []
    found = list(score_of(Recipe(crop=(8, 8)), log).predictions(["1", "2", "3", "4"]))
    assert [row.prediction for row in found] == pytest.approx([0.01, 0.02, 0.03, 0.04])
    assert set(log) == {threading.get_ident()}


def test_the_first_picture_that_can_be_scored_decides_how_copies_compute(two_threads):
    log = []
    score = score_of(Recipe(crop=(8, 8)), log)
    found = list(score.predictions(["none", "no", "3", "4", "5", "6"]))
    assert [row.error is None for row in found] == [False, False, True, True, True, True]
    assert log.count(threading.get_ident()) == 3


def test_pictures_with_many_pixels_are_scored_one_by_one(two_threads, monkeypatch):
    monkeypatch.setattr(side_by_side, "PIXELS", 63)
    log = []
    list(score_of(Recipe(crop=(8, 8)), log).predictions([str(number) for number in range(5)]))
    assert set(log) == {threading.get_ident()}


def test_the_pixels_of_any_picture_are_bounded_by_crops_or_by_the_recipe():
    whole = Recipe(crop=(224, 224), test_crop_kind="whole")
    assert not few_pixels(whole)
    assert few_pixels(whole.model_copy(update={"max_pixels": 512 * 512}))
    assert not few_pixels(whole.model_copy(update={"max_pixels": 4096 * 4096}))
    assert few_pixels(Recipe(crop=(224, 224), test_crops=5))
    assert not few_pixels(Recipe(crop=(224, 224), test_crops=20))
