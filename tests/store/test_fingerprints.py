import hashlib
import importlib
import sys

import pytest

from iqabench.store import fingerprints
from iqabench.store.fingerprints import digest, harness, package_version, plugin, text_digest


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package's files and returns the identity of its code, as a fresh process sees it."""
    monkeypatch.syspath_prepend(tmp_path)

    def identity(target, **files):
        for name, text in files.items():
            path = tmp_path / name.replace("__in__", "/").replace("__py", ".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        plugin.cache_clear()
        importlib.invalidate_caches()
        return plugin(target)

    yield identity
    plugin.cache_clear()


def test_the_digest_is_of_the_sorted_compact_json():
    expected = hashlib.blake2b('{"a":[1,"é"],"b":null}'.encode(), digest_size=8).hexdigest()
    assert digest({"b": None, "a": [1, "é"]}) == expected
    assert digest({"a": [1, "é"], "b": None}) == expected


def test_key_order_does_not_count_at_any_depth_but_list_order_does():
    assert digest({"a": {"x": 1, "y": 2}}) == digest({"a": {"y": 2, "x": 1}})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


@pytest.mark.parametrize(
    "other", [{}, {"a": 2}, {"b": 1}, {"a": "1"}, {"a": 1, "b": None}, {"a": 1.5}, {"a": [1]}]
)
def test_another_value_or_key_is_another_digest(other):
    assert digest(other) != digest({"a": 1})


def test_lists_of_texts():
    assert text_digest(["a", "b"]) == hashlib.blake2b(b"a\nb", digest_size=8).hexdigest()
    assert text_digest(["a", "b"]) != text_digest(["b", "a"])


def test_code_is_known_by_its_source_without_importing_it(package):
    files = {"mine__in____init____py": "raise RuntimeError", "mine__in__net__py": "x = 1"}
    before = package("mine.net:Net", **files)
    assert before["package"] == "mine"
    assert "mine" not in sys.modules
    assert package("mine.other:Else") == before
    assert package("mine.net:Net", mine__in__net__py="x = 2") != before
    assert package("mine.net:Net", mine__in__net__py="x = 1") == before
    assert package("mine.net:Net", mine__in__new__py="") != before


def test_a_single_file_is_known_by_itself(package):
    before = package("lone:Net", lone__py="x = 1", beside__py="y = 1")
    assert package("lone:Net", beside__py="y = 2") == before
    assert package("lone:Net", lone__py="x = 2") != before


def test_a_package_without_init_is_known_by_its_source_too(package):
    before = package("bare.net:Net", bare__in__net__py="x = 1")
    assert package("bare.net:Net", bare__in__net__py="x = 2") != before


def test_code_that_is_not_there(package):
    assert package("no_such_package:Net")["source"] == "unknown"


def test_the_harness_is_its_version_and_source():
    assert set(harness()) == {"version", "source"}
    assert harness()["version"] == package_version("iqabench") != "unknown"
    root = fingerprints.Path(fingerprints.__file__).parent.parent
    for part in fingerprints.COMPUTING_PARTS:
        assert list((root / part).glob("*.py"))


def test_a_package_that_is_not_installed_has_no_version():
    assert package_version("no-such-package-anywhere") == "unknown"
