import pytest

from iqabench import Session
from iqabench.contract import UnknownNameError
from iqabench.saliency.map_cache import Kept, clear, kept
from iqabench.saliency.maps import MapSource, folder


@pytest.fixture
def maps(little, tmp_path, monkeypatch):
    """Maps of two pictures by ``center``, twice, and of one by ``spectral-residual``."""
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    session = Session(little.catalog)
    dataset = session.dataset("little")
    for text, count in (("center", 2), ("center:sigma=0.3", 2), ("spectral-residual", 1)):
        source = MapSource(session.registry.provider(text))
        source.make(dataset, list(dataset.table["image"][:count]))
    return {place: place.stat().st_size for place in folder().rglob("*") if place.is_file()}


def test_maps_are_counted_by_provider_whatever_its_options(maps):
    found = kept()
    assert [(one.provider, one.maps) for one in found] == [("center", 4), ("spectral-residual", 1)]
    assert sum(one.bytes for one in found) == sum(maps.values())


def test_one_providers_maps_are_removed(maps):
    gone = clear("center:sigma=0.3")
    assert [(one.provider, one.maps) for one in gone] == [("center", 4)]
    assert [one.provider for one in kept()] == ["spectral-residual"]
    assert clear("uniform") == []


def test_all_are_removed(maps):
    assert len(clear()) == 2
    assert kept() == clear() == []


def test_maps_of_a_plugin_that_is_gone_are_kept_and_removed_by_name(maps):
    place = folder() / "their-own-0a1b2c" / "00"
    place.mkdir(parents=True)
    (place / "00ff").write_bytes(b"123")
    assert Kept("their-own", 1, 3) in kept()
    assert clear("their-own") == [Kept("their-own", 1, 3)]
    with pytest.raises(UnknownNameError, match="centre"):
        clear("centre")
    assert len(kept()) == 2
