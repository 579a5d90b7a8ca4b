"""A sealed file is read as it was written or not at all."""

import pytest

from iqabench.store.sealed import cache_sealed, opened, read_sealed, sealed, write_sealed

RECORD = {"name": "é", "values": [1, 2.5, None], "more": {"a": "b"}}


def test_it_comes_back_and_is_plain_json(tmp_path):
    write_sealed(tmp_path / "a.json", RECORD)
    found = read_sealed(tmp_path / "a.json")
    assert found == {**RECORD}
    assert opened(sealed(RECORD)).startswith(b'{\n "more"')


def test_every_flipped_bit_and_every_missing_end_is_noticed(tmp_path):
    content = sealed(RECORD)
    damaged = [content[:end] for end in range(len(content))]
    for place in range(len(content)):
        for bit in range(8):
            flipped = bytes([content[place] ^ 1 << bit])
            damaged.append(content[:place] + flipped + content[place + 1 :])
    for one in damaged:
        with pytest.raises(ValueError, match="does not fit its checksum"):
            opened(one)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"name": 1}', b"\xff\xfe", b"[" * 9999])
def test_what_has_no_checksum_counts_as_absent(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    assert read_sealed(tmp_path / "a.json") is None
    assert read_sealed(tmp_path / "none.json") is None
    assert read_sealed(tmp_path) is None


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    cache_sealed(tmp_path / "file" / "a.json", RECORD)
    cache_sealed(tmp_path / "new" / "a.json", RECORD)
    assert read_sealed(tmp_path / "new" / "a.json") == RECORD
