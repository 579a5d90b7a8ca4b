import errno
import re
import threading
import time

import pytest
from repositories import COMMIT, NAME, address, answer, listed, listing, offer

from iqabench.contract import DataError, RepositoryCard
from iqabench.kit import download as downloading
from iqabench.sets import repository
from iqabench.sets.git_trees import tree_id
from iqabench.sets.repository import LISTING, complete

CONTENTS = {
    "Images/ss01 (1).jpg": b"first" * 1000,
    "Images/ss01 (2).JPG": b"second" * 1000,
    "Images/deep/50% #1?.png": b"third" * 1000,
    "Train (Images and MOS).csv": b"Image Name,MOS\n",
    "empty": b"",
    "README.md": b"read me",
}
PATHS = ("Images", "Train (Images and MOS).csv", "empty")
NEEDED = {path: content for path, content in CONTENTS.items() if path != "README.md"}


class Published:
    """A repository on the server, and the call that fetches it into ``root``."""

    def __init__(self, hub, root, tree):
        self.hub, self.root = hub, root
        self.begun, self.ticks = [], []
        self.files = listed(CONTENTS)
        self.card = RepositoryCard(name=NAME, commit=COMMIT, tree=tree, paths=PATHS)
        self.listing = listing(tree)

    def fetch(self):
        self.hub.paths.clear()
        complete(
            self.card,
            self.root,
            lambda *what: self.begun.append(what),
            lambda *what: self.ticks.append(what),
        )

    def refused(self, match):
        with pytest.raises(DataError, match=match) as refused:
            self.fetch()
        return refused.value

    @property
    def there(self):
        """The files below the root but the listing: path -> content."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and path.name != LISTING
        }


@pytest.fixture
def published(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(downloading, "BLOCK", 1000)
    return Published(hub, tmp_path / "root", offer(hub, CONTENTS, monkeypatch))


def test_what_the_reader_needs_is_fetched_by_its_quoted_names(published):
    published.fetch()
    assert published.there == NEEDED
    paths = [published.listing, *map(address, NEEDED)]
    assert sorted(published.hub.paths) == sorted(paths)
    raw = f"raw/o/n/{COMMIT}/Images"
    assert f"{raw}/ss01%20%281%29.jpg" in published.hub.paths
    assert f"{raw}/deep/50%25%20%231%3F.png" in published.hub.paths
    size = sum(map(len, NEEDED.values()))
    assert published.begun == [(5, size)]
    assert published.ticks[:5] == [(done, 5, "files looked at") for done in (1, 2, 3, 4, 5)]
    assert published.ticks[-1] == (size, size, "5/5 files, bytes")
    assert len(published.ticks) == 10


def test_without_paths_everything_is_fetched(published):
    published.card = published.card.model_copy(update={"paths": ()})
    published.fetch()
    assert published.there == CONTENTS


def test_a_second_call_asks_for_nothing(published):
    published.fetch()
    published.fetch()
    assert published.hub.paths == []
    assert len(published.begun) == 1


def test_a_second_call_fetches_what_is_missing_or_damaged(published):
    published.fetch()
    one, two, *_ = NEEDED
    (published.root / one).write_bytes(NEEDED[one][:-1] + b"?")
    (published.root / two).unlink()
    published.fetch()
    assert sorted(published.hub.paths) == [address(one), address(two)]
    assert published.there == NEEDED


@pytest.mark.parametrize("kept", [b"", b"cut o", None])
def test_a_listing_that_is_damaged_or_of_another_version_is_asked_for_again(published, kept):
    published.fetch()
    if kept is None:
        kept = answer(published.files[1:])
    (published.root / LISTING).write_bytes(kept)
    (published.root / "empty").unlink()
    published.fetch()
    assert published.hub.paths == [published.listing, address("empty")]
    assert (published.root / LISTING).read_bytes() == published.hub.files[published.listing]


def test_an_interrupted_file_goes_on_where_it_stopped(published):
    path = "Images/ss01 (1).jpg"
    part = published.root / "Images" / ".ss01 (1).jpg.part"
    published.hub.refused[address(path)] = (500, {})
    error = published.refused(r"cannot fetch o/n: Images/ss01 \(1\)\.jpg: ")
    assert "run it again to go on" in error.hint
    assert published.hub.paths.count(address(path)) == repository.ATTEMPTS
    part.write_bytes(CONTENTS[path][:1234])
    published.hub.refused.clear()
    published.hub.asked.clear()
    published.fetch()
    assert "bytes=1234-" in published.hub.asked
    assert published.there == NEEDED


def test_a_server_that_breaks_off_is_asked_for_the_rest(published):
    published.fetch()
    path = "Images/ss01 (1).jpg"
    (published.root / path).unlink()
    published.hub.asked.clear()
    published.hub.manner = "breaks off"
    published.refused("Images/ss01 .*ended after 2500 of 5000 bytes")
    assert published.hub.asked[:2] == [None, "bytes=2500-"]
    published.hub.manner = "well"
    published.fetch()
    assert published.there == NEEDED


def test_a_download_that_had_all_its_bytes_is_not_made_again(published):
    published.fetch()
    path = published.root / "Images" / "ss01 (1).jpg"
    path.rename(path.with_name(".ss01 (1).jpg.part"))
    published.fetch()
    assert published.hub.paths == []
    assert published.there == NEEDED


@pytest.mark.parametrize("there", [b"", b"?" * 1234, b"?" * 9999])
def test_wrong_bytes_never_get_the_name_of_a_file(published, there):
    """Neither what the server sends nor what an earlier call left counts if the id is wrong."""
    path = "Images/ss01 (1).jpg"
    (published.root / "Images").mkdir(parents=True)
    (published.root / "Images" / ".ss01 (1).jpg.part").write_bytes(there)
    (published.root / LISTING).write_bytes(published.hub.files[published.listing])
    published.hub.files[address(path)] = b"wrong" * 1000
    published.refused("another content than the listing says")
    assert not (published.root / path).exists()
    published.hub.files[address(path)] = CONTENTS[path]
    published.fetch()
    assert published.there == NEEDED


def test_a_file_that_the_server_lacks_is_asked_for_once(published):
    del published.hub.files[address("empty")]
    published.refused("empty: Not Found")
    assert published.hub.paths.count(address("empty")) == 1


def test_a_false_listing_writes_nothing(published):
    published.hub.files[published.listing] = answer(published.files[1:])
    error = published.refused("is not the tree that was asked for")
    assert "nothing was written" in error.hint
    assert not published.root.exists()


def test_a_part_of_a_listing_writes_nothing(published):
    published.hub.files[published.listing] = answer(published.files, truncated=True)
    published.refused("only a part")
    assert not published.root.exists()


@pytest.mark.parametrize("change", [{"path": "../x"}, {"path": "/x"}, {"mode": "120000"}])
def test_a_listing_that_leads_out_writes_nothing(published, tmp_path, change):
    files = [*published.files, published.files[0].model_copy(update={"path": "z"} | change)]
    published.card = published.card.model_copy(update={"tree": tree_id(files), "paths": ()})
    published.hub.files[listing(published.card.tree)] = answer(files)
    published.refused("leads out|is a link")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("headers", "minutes"),
    [
        (lambda: {"Retry-After": "90"}, 2),
        (lambda: {"X-RateLimit-Reset": str(int(time.time()) + 1500)}, 25),
        (lambda: {"X-RateLimit-Reset": "1"}, 1),
        (lambda: {"X-RateLimit-Reset": "9" * 15}, 1440),
        (lambda: {"Retry-After": "soon"}, 60),
        (dict, 60),
    ],
)
def test_a_server_that_wants_fewer_requests_says_when(published, status, headers, minutes):
    published.hub.refused[published.listing] = (status, headers())
    error = published.refused(f"refuses more requests from this address for now .HTTP {status}.")
    assert re.search(rf"run it again after \d\d:\d\d, in {minutes} min$", error.hint)
    assert not published.root.exists()
    assert published.hub.paths == [published.listing]


def test_what_came_before_a_refusal_is_kept(published, monkeypatch):
    monkeypatch.setattr(repository, "AT_ONCE", 1)
    path = "Train (Images and MOS).csv"
    published.hub.refused[address(path)] = (429, {"Retry-After": "60"})
    assert "in 1 min" in published.refused("refuses more requests").hint
    assert published.hub.paths.count(address(path)) == 1
    before = published.there
    assert 0 < len(before) < len(NEEDED)
    published.hub.refused.clear()
    published.fetch()
    assert published.there == NEEDED
    assert not set(map(address, before)) & set(published.hub.paths)


def test_the_disk_is_looked_at_before_anything_is_written(published, monkeypatch):
    usage = type("Usage", (), {"free": 5 * 4096})
    monkeypatch.setattr(repository.shutil, "disk_usage", lambda place: usage)
    error = published.refused("5 files need 0 MiB of disk")
    assert "--root" in error.hint
    assert published.begun == []
    assert not published.root.exists()


def test_only_what_is_missing_needs_room(published, monkeypatch):
    published.fetch()
    (published.root / "empty").unlink()
    usage = type("Usage", (), {"free": 4096})
    monkeypatch.setattr(repository.shutil, "disk_usage", lambda place: usage)
    published.fetch()
    assert published.there == NEEDED


def test_a_disk_that_fills_meanwhile_ends_it_at_once(published, monkeypatch):
    tries = []

    def full(url, part, **options):
        if "/raw/" not in url:
            return downloading.download(url, part, **options)
        tries.append(url)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(repository, "download", full)
    published.refused("No space left on device")
    assert len(tries) == len(set(tries))


def test_a_stop_leaves_what_came_and_what_was_begun(published, monkeypatch):
    """Ctrl-C reaches the thread that waits, here at the first progress after a file."""
    monkeypatch.setattr(repository, "AT_ONCE", 1)
    first = threading.Event()

    def slow(url, part, **options):
        if len(published.hub.paths) > 1:  # the listing and a file: this one waits for the stop
            first.wait(60)
            time.sleep(0.2)
        downloading.download(url, part, **options)

    monkeypatch.setattr(repository, "download", slow)

    def stop(done, total, what):
        if "bytes" in what and not first.is_set():
            first.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        complete(published.card, published.root, lambda *what: None, stop)
    came = published.there
    assert 0 < len(came) < len(NEEDED)  # what had not begun was not begun
    assert came.items() <= NEEDED.items()
    published.fetch()
    assert published.there == NEEDED
    assert not set(map(address, came)) & set(published.hub.paths)


def test_a_copy_of_ones_own_is_completed_but_never_changed(published):
    one, two, *_ = NEEDED
    (published.root / "Images").mkdir(parents=True)
    (published.root / one).write_bytes(NEEDED[one])
    (published.root / two).write_bytes(b"mine")
    error = published.refused(r"ss01 \(2\)\.JPG is not the file of that name in o/n; 1 of 5 differ")
    assert "move what differs away" in error.hint
    assert published.there == {one: NEEDED[one], two: b"mine"}
    (published.root / two).unlink()
    published.fetch()
    assert published.there == NEEDED
    assert address(one) not in published.hub.paths


def test_a_folder_of_other_things_is_refused(published):
    published.root.mkdir()
    (published.root / "thesis").write_text("years of work")
    published.refused("is there and not empty")
    assert list(published.there) == ["thesis"]


def test_a_root_that_is_a_file(published):
    published.root.write_text("years of work")
    published.refused("cannot fetch o/n: .*Not a directory")
    assert published.root.read_text() == "years of work"


def test_a_server_that_is_away(published, monkeypatch):
    monkeypatch.setattr(repository, "LISTINGS", "http://127.0.0.1:1")
    published.refused("cannot fetch o/n: .*refused")
    assert not published.root.exists()
