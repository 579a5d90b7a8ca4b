import hashlib
import io
import tarfile
import zipfile

import pytest

from iqabench.catalog import Catalog
from iqabench.contract import DataError
from iqabench.kit import download as downloading
from iqabench.registry import registry
from iqabench.sets.fetch import fetch


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    """Downloads of one test are not another's; small blocks, so that something comes at all."""
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloading, "BLOCK", 1000)


def packed(root, form, leave_out=()):
    """The small set as an archive with a folder at its top."""
    stream = io.BytesIO()
    names = [path for path in sorted(root.iterdir()) if path.name not in leave_out]
    if form == "zip":
        with zipfile.ZipFile(stream, "w") as archive:
            for path in names:
                archive.write(path, f"little-v1/{path.name}")
    else:
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for path in names:
                archive.add(path, f"little-v1/{path.name}")
    return stream.getvalue()


@pytest.fixture
def offered(little, hub, tmp_path):
    """The small set on a server, and a catalogue that names its archive."""

    def offer(form="zip", content=None, **changes):
        content = packed(little.root, form) if content is None else content
        hub.files["little.zip"] = content
        archive = {
            "url": f"{hub.url}/little.zip",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            **changes,
        }
        catalog = tmp_path / "offered.yaml"
        catalog.write_text(
            "datasets:\n  offered:   # from the server\n    reader: csv\n    labels: scores.csv\n"
            "    columns: {image: file, mos: score, reference: original}\n"
            f"    archive: {{{', '.join(f'{key}: {value!r}' for key, value in archive.items())}}}\n"
        )
        return catalog

    return offer


def get(catalog, root, tick=None):
    return fetch(Catalog(registry(), catalog).get("offered"), root, catalog, tick)


def leftovers(tmp_path):
    folder = tmp_path / "cache" / "downloads"
    return [path.suffix for path in folder.iterdir() if path.suffix != ".lock"]


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_a_set_is_fetched_unpacked_and_bound(offered, little, hub, tmp_path, form):
    catalog, ticks = offered(form), []
    dataset = get(catalog, tmp_path / "here", lambda *what: ticks.append(what))
    assert len(dataset.table) == 36
    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        path.name for path in little.root.iterdir()
    }
    assert Catalog(registry(), catalog).ready("offered").root == tmp_path / "here"
    assert "# from the server" in catalog.read_text()
    size = len(hub.files["little.zip"])
    assert ticks[0] == (1000, size, "bytes")
    assert (size, size, "bytes") in ticks
    assert (46, 46, "unpacking") in ticks
    assert leftovers(tmp_path) == []  # the archive is not kept


def test_the_default_place_is_the_users(offered, tmp_path, monkeypatch):
    monkeypatch.setenv("IQABENCH_DATA", str(tmp_path / "data"))
    assert get(offered(), None).root == tmp_path / "data" / "offered"


def test_a_server_that_breaks_off_is_gone_on_with(offered, hub, tmp_path):
    catalog = offered()
    size = len(hub.files["little.zip"])
    hub.manner = "breaks off"
    with pytest.raises(DataError, match=f"ended after {size // 2} of {size} bytes") as broken:
        get(catalog, tmp_path / "here")
    assert "run it again" in broken.value.hint
    assert not (tmp_path / "here").exists()
    assert leftovers(tmp_path) == [".part"]
    hub.manner = "well"
    assert len(get(catalog, tmp_path / "here").table) == 36
    assert hub.asked == [None, f"bytes={size // 2}-"]


def test_a_server_that_breaks_off_and_ignores_ranges(offered, hub, tmp_path):
    catalog = offered()
    hub.manner = "breaks off"
    with pytest.raises(DataError):
        get(catalog, tmp_path / "here")
    hub.manner = "no ranges"
    assert len(get(catalog, tmp_path / "here").table) == 36


@pytest.mark.parametrize("manner", ["well", "no length"])
def test_wrong_bytes_are_never_unpacked(offered, hub, tmp_path, manner):
    catalog = offered(sha256="0" * 64)
    hub.manner = manner
    with pytest.raises(DataError, match="is not what the catalogue names") as refused:
        get(catalog, tmp_path / "here")
    assert "nothing was unpacked" in refused.value.hint
    assert not (tmp_path / "here").exists()
    assert "root" not in catalog.read_text()
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("change", [1, -1])
@pytest.mark.parametrize("manner", ["well", "no length"])
def test_a_wrong_size_is_refused(offered, hub, tmp_path, change, manner):
    offered()
    catalog = offered(bytes=len(hub.files["little.zip"]) + change)
    hub.manner = manner
    with pytest.raises(DataError):
        get(catalog, tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_a_set_that_cannot_be_read_is_not_bound(offered, little, tmp_path):
    catalog = offered(content=packed(little.root, "zip", leave_out=["c3_2.png"]))
    before = catalog.read_text()
    with pytest.raises(DataError, match="1 of 36 images are missing"):
        get(catalog, tmp_path / "here")
    assert catalog.read_text() == before


def test_an_archive_that_is_none(offered, tmp_path):
    catalog = offered(content=b"<html>please log in</html>")
    with pytest.raises(DataError, match="neither zip nor tar"):
        get(catalog, tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_a_place_that_is_taken_is_refused_before_the_download(offered, hub, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "thesis").write_text("years of work")
    with pytest.raises(DataError, match="is there and not empty"):
        get(offered(), tmp_path / "here")
    assert hub.asked == []


def test_a_server_that_is_away(offered, hub, tmp_path):
    catalog = offered()
    hub.files.clear()
    with pytest.raises(DataError, match="Not Found"):
        get(catalog, tmp_path / "here")


def test_a_set_without_an_archive_says_what_to_get_where(tmp_path):
    with pytest.raises(DataError, match="no download with a checksum is known") as refused:
        fetch(Catalog(registry()).get("kadid"), None, tmp_path / "c.yaml")
    for part in (
        "kadid10k.zip",
        "https://database.mmsp-kn.de/kadid-10k-database.html",
        "iqabench datasets add kadid --root",
    ):
        assert part in refused.value.hint
