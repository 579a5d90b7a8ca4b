import hashlib

import pytest

from iqabench.store.fingerprints import digest, package_version, text_digest


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


def test_a_package_that_is_not_installed_has_no_version():
    assert package_version("no-such-package-anywhere") == "unknown"
