import hashlib

import pytest

from iqabench.kit import download as downloading
from iqabench.kit.download import download, sha256, tree_sha256

CONTENT = bytes(range(256)) * 20


@pytest.fixture
def get(hub, tmp_path, monkeypatch):
    """Downloads ``CONTENT`` in blocks of 1000 bytes into a part file that may hold its start."""
    monkeypatch.setattr(downloading, "BLOCK", 1000)
    hub.files["file"] = CONTENT
    part = tmp_path / "file.part"

    def run(there=0, manner="well", **options):
        hub.manner = manner
        if there:
            part.write_bytes(CONTENT[:there])
        download(f"{hub.url}/file", part, timeout=5, **options)
        return part.read_bytes()

    run.part = part
    return run


def test_a_whole_file_in_one_go(get, hub):
    ticks = []
    assert get(tick=lambda *what: ticks.append(what)) == CONTENT
    assert hub.asked == [None]
    assert ticks == [*((done, 5120) for done in range(1000, 5120, 1000)), (5120, 5120)]


def test_it_goes_on_where_it_stopped(get, hub):
    ticks = []
    assert get(there=1500, tick=lambda *what: ticks.append(what)) == CONTENT
    assert hub.asked == ["bytes=1500-"]
    assert ticks[0] == (2500, 5120)


def test_a_server_without_ranges_begins_anew(get, hub):
    assert get(there=1500, manner="no ranges") == CONTENT
    assert hub.asked == ["bytes=1500-"]


def test_a_server_that_breaks_off_leaves_what_came(get, hub):
    with pytest.raises(OSError, match="ended after 2560 of 5120 bytes"):
        get(manner="breaks off")
    assert get.part.read_bytes() == CONTENT[:2560]
    assert get() == CONTENT
    assert hub.asked == [None, "bytes=2560-"]


def test_a_server_that_sends_another_range_is_not_believed(get):
    with pytest.raises(OSError, match="another range"):
        get(there=1500, manner="another range")
    assert get.part.read_bytes() == CONTENT[:1500]


def test_a_file_without_a_length(get):
    assert get(manner="no length") == CONTENT


@pytest.mark.parametrize("manner", ["well", "no length"])
def test_no_more_is_read_than_allowed(get, manner):
    with pytest.raises(OSError, match=r"5120 bytes, not 3000|more than 3000 bytes"):
        get(manner=manner, most=3000)
    assert not get.part.exists() or get.part.stat().st_size <= 3000


def test_where_nothing_is_left_to_send_the_next_attempt_begins_anew(get):
    with pytest.raises(OSError, match="416"):
        get(there=len(CONTENT))
    assert not get.part.exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "no url", "http://[/x"])
def test_what_cannot_be_reached_is_an_os_error(tmp_path, url):
    with pytest.raises(OSError):
        download(url, tmp_path / "part", timeout=1)


def test_sha256(tmp_path):
    (tmp_path / "f").write_bytes(CONTENT)
    assert sha256(tmp_path / "f") == hashlib.sha256(CONTENT).hexdigest()


def test_a_folder_is_known_by_names_and_contents(tmp_path):
    """Worked with hashlib: a line of name and digest for each file, in the order of their paths."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "1.png").write_bytes(b"one")
    (tmp_path / "2.png").write_bytes(b"two")
    one, two = (hashlib.sha256(content).hexdigest() for content in (b"one", b"two"))
    expected = hashlib.sha256(f"2.png\0{two}\nx/1.png\0{one}\n".encode()).hexdigest()
    assert tree_sha256(tmp_path) == expected
    assert tree_sha256(tmp_path / "2.png") == two
