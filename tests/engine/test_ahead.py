import threading
import time

import pytest
import torch

from iqabench.engine import ahead as module
from iqabench.engine.ahead import Ahead, reading_ahead

NAMES = [f"{number}.jpg" for number in range(20)]


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(module, "cores", lambda: 2)


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
    with reading_ahead(read, NAMES) as ahead:
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
    with reading_ahead(read, NAMES) as ahead:
        time.sleep(0.05)
        assert read.read == []
        ahead("0.jpg")
        assert settled(lambda: len(read.read) == 1 + 2 * 2)


@pytest.mark.parametrize(("memory", "waiting"), [(90, 3), (10, 1)])
def test_waiting_pictures_keep_to_the_bound_or_are_one(monkeypatch, memory, waiting):
    monkeypatch.setattr(module, "MEMORY", memory)
    read = Pictures()
    with reading_ahead(read, NAMES) as ahead:
        ahead("0.jpg")
        assert settled(lambda: len(read.read) == 1 + waiting)


def test_a_picture_out_of_turn_is_read_at_once_and_the_turn_stays():
    read = Pictures()
    with reading_ahead(read, NAMES) as ahead:
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
    with pytest.raises(KeyboardInterrupt), reading_ahead(Pictures(), NAMES) as ahead:
        ahead("0.jpg")
        raise KeyboardInterrupt
    assert settled(lambda: not any("ahead" in one.name for one in threading.enumerate()))
