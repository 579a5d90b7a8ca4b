import threading
import time

import pytest
import torch

from iqabench.engine import ahead as module
from iqabench.engine.ahead import Ahead, made_ahead

NAMES = [f"{number}.jpg" for number in range(20)]


@pytest.fixture(autouse=True)
def threads_at_once(monkeypatch):
    """Two cores, and threads from the first picture on."""
    monkeypatch.setattr(module, "cores", lambda: 2)
    monkeypatch.setattr(module, "TRIED", 0)
    monkeypatch.setattr(module, "SHARE", -1.0)


class Clock:
    """A clock that reading and the model's work put forward, by seconds that a test gives."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(module, "TRIED", 3)
        monkeypatch.setattr(module, "SHARE", 0.25)
        monkeypatch.setattr(module, "perf_counter", lambda: self.now)

    def __call__(self, seconds):
        self.now += seconds


class Pictures:
    """Reads pictures, and remembers which and on which thread."""

    def __init__(self, size=10):
        self.size, self.read, self.threads = size, [], set()

    def __call__(self, name):
        self.read.append(name)
        self.threads.add(threading.current_thread().name)
        if name == "3.jpg":
            raise ValueError(name)
        return torch.full((3, 1, self.size), int(name[:-4]), dtype=torch.uint8)


def settled(condition):
    """Wait until a condition holds, and then a little longer."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.05)
    return condition()


def test_each_picture_comes_in_turn_and_errors_stay_with_theirs():
    read, found = Pictures(), []
    with made_ahead(read, NAMES) as ahead:
        for name in NAMES:
            try:
                found.append(int(ahead(name)[0, 0, 0]))
            except ValueError as error:
                found.append(str(error))
    assert found == [0, 1, 2, "3.jpg", *range(4, 20)]
    assert sorted(read.read) == sorted(NAMES)
    assert threading.main_thread().name not in read.threads


def test_nothing_is_read_before_the_first_is_asked_for_and_then_some_are():
    read = Pictures()
    with made_ahead(read, NAMES) as ahead:
        time.sleep(0.05)
        assert read.read == []
        ahead("0.jpg")
        assert settled(lambda: len(read.read) == 1 + 2 * 2)


@pytest.mark.parametrize(("memory", "waiting"), [(90, 3), (10, 1)])
def test_waiting_pictures_keep_to_the_bound_or_are_one(monkeypatch, memory, waiting):
    monkeypatch.setattr(module, "MEMORY", memory)
    read = Pictures()
    with made_ahead(read, NAMES) as ahead:
        ahead("0.jpg")
        assert settled(lambda: len(read.read) == 1 + waiting)


def test_a_picture_out_of_turn_is_read_at_once_and_the_turn_stays():
    read = Pictures()
    with made_ahead(read, NAMES) as ahead:
        order = ["0.jpg", "19.jpg", "1.jpg", "19.jpg", "2.jpg"]
        assert [int(ahead(name)[0, 0, 0]) for name in order] == [0, 19, 1, 19, 2]


def test_a_new_order_replaces_the_old_and_names_may_come_again():
    ahead = Ahead(Pictures())
    ahead.follow(NAMES)
    ahead("0.jpg")
    order = ["5.jpg", "5.jpg", "1.jpg", "5.jpg"]
    ahead.follow(order)
    assert [int(ahead(name)[0, 0, 0]) for name in order] == [5, 5, 1, 5]
    assert int(ahead("7.jpg")[0, 0, 0]) == 7  # after the last
    ahead.close()


def test_the_threads_end_with_the_context_whatever_happens():
    with pytest.raises(KeyboardInterrupt), made_ahead(Pictures(), NAMES) as ahead:
        ahead("0.jpg")
        raise KeyboardInterrupt
    assert settled(lambda: not any("ahead" in one.name for one in threading.enumerate()))


def test_pictures_that_take_little_of_the_time_are_read_in_the_caller_s_thread(monkeypatch):
    read, passes = Pictures(), Clock(monkeypatch)
    with made_ahead(lambda name: passes(1) or read(name), NAMES[4:]) as ahead:
        for name in NAMES[4:]:
            assert int(ahead(name)[0, 0, 0]) == int(name[:-4])
            passes(4)
    assert read.threads == {threading.main_thread().name}


def test_threads_read_on_where_pictures_take_much_of_the_time(monkeypatch):
    read, passes = Pictures(), Clock(monkeypatch)
    order = ["4.jpg", "19.jpg", *NAMES[5:]]
    with made_ahead(lambda name: passes(2) or read(name), NAMES[4:]) as ahead:
        for name in order:  # one of them out of turn
            assert int(ahead(name)[0, 0, 0]) == int(name[:-4])
            passes(4)
    assert read.read[:3] == order[:3]
    assert sorted(read.read) == sorted(order)
    assert threading.main_thread().name in read.threads
    assert len(read.threads) > 1
