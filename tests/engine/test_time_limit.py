import signal
import subprocess
import sys
import threading
import time

import pytest

from iqabench.engine import time_limit
from iqabench.engine.time_limit import TookTooLong, picture_limit


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(time_limit, "PICTURE_SECONDS", 0.05)


def stubborn():
    """Work that goes on whatever error meets it."""
    for _ in range(100):
        try:
            time.sleep(0.1)
        except Exception:
            continue


def test_work_that_does_not_end_is_ended(short):
    start = time.monotonic()
    with pytest.raises(TookTooLong, match=r"a\.png took more than 0\.05 s"), picture_limit("a.png"):
        stubborn()
    assert time.monotonic() - start < 5  # of the ten that it would take


def test_nothing_rings_later_and_the_old_handler_is_back(short):
    before = signal.getsignal(signal.SIGALRM)
    with picture_limit("a.png"):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_other_threads_have_no_limit(short):
    ended = []

    def work():
        with picture_limit("a.png"):
            time.sleep(0.1)
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [True]


def test_a_process_that_was_suspended_has_not_hung():
    work = (
        "import time\n"
        "from iqabench.engine import time_limit\n"
        "time_limit.PICTURE_SECONDS = 2\n"
        "with time_limit.picture_limit('a.png'):\n"
        "    print('begun', flush=True)\n"
        "    end = time.process_time() + 0.3\n"
        "    while time.process_time() < end: pass\n"
        "print('ended')\n"
    )
    words = [sys.executable, "-c", work]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "begun\n"
        child.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        child.send_signal(signal.SIGCONT)
        assert child.stdout.read() == "ended\n"
    assert child.returncode == 0
