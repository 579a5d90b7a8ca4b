import threading
import time

import numpy as np
import pytest
import torch

from iqabench.contract.progress import Silent
from iqabench.data.given import Given
from iqabench.engine import side_by_side, time_limit
from iqabench.engine.judges import Verdict
from iqabench.engine.picture_scores import score
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
    assert {thread for _, _, thread, _ in log}.isdisjoint({threading.get_ident()})
    assert {threads for *_, threads in log} == {1}
    assert torch.get_num_threads() == 2


def test_a_judge_without_a_twin_scores_in_the_callers_thread(two_threads):
    log = []
    assert [row.score for row in scores(Judge(log, twins=False), pictures(3))] == [0, 1, 2]
    assert {thread for _, _, thread, _ in log} == {threading.get_ident()}


def test_half_of_the_threads_have_large_pictures(two_threads, monkeypatch):
    monkeypatch.setattr(side_by_side, "LARGE", 100)
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
    with pytest.raises(TookTooLong, match="p0 took more than"):
        scores(Judge([], wait=20), pictures(2))
    assert time.perf_counter() - began < 15


def test_a_network_scores_as_alone(two_threads, tmp_path):
    import iqabench

    random = np.random.default_rng(0)
    given = [random.integers(0, 256, (96, 128, 3), np.uint8) for _ in range(4)]
    together = iqabench.score("biosiqnet-lite", given)
    alone = [iqabench.score("biosiqnet-lite", one) for one in given]
    np.testing.assert_allclose(together["score"], [row["score"][0] for row in alone], atol=2e-3)
    np.testing.assert_allclose(together["low"], [row["low"][0] for row in alone], atol=2e-3)
