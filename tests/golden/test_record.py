"""What may be recorded, and that a file is written whole."""

from __future__ import annotations

import json

import pytest
from golden import parts, record


def of(version, *values):
    """A record of one array."""
    return {"version": version, "numbers": {"scores": list(values)}}


def judge(found, known, first=False):
    """The verdict at a tolerance of a thousandth."""
    return record.compared(found, known, 1e-3, "the card", first)


def test_other_numbers_of_the_same_version_are_refused():
    verdict = judge(of(1, 1.0, 2.1), of(1, 1.0, 2.0))
    assert verdict.refused
    assert "other numbers under version 1" in verdict.note
    assert "raise the card" in verdict.note


def test_another_number_of_numbers_is_refused():
    assert judge(of(1, 1.0), of(1, 1.0, 2.0)).refused


def test_a_lower_version_is_refused():
    assert judge(of(1, 1.0), of(2, 1.0)).refused


def test_a_raised_version_is_recorded():
    verdict = judge(of(2, 3.0), of(1, 1.0))
    assert (verdict.record, verdict.refused) == (of(2, 3.0), False)
    assert "from version 1 to 2" in verdict.note


def test_a_new_part_is_recorded():
    assert judge(of(1, 3.0), None).record == of(1, 3.0)


def test_the_first_recording_takes_whatever_there_is():
    assert judge(of(1, 3.0), of(1, 1.0), first=True).record == of(1, 3.0)


def test_the_same_numbers_stay_to_the_last_digit():
    verdict = judge(of(1, 1.0004), of(1, 1.0))
    assert (verdict.record, verdict.note) == (of(1, 1.0), "")


def test_a_version_raised_for_nothing_is_told():
    verdict = judge(of(2, 1.0004), of(1, 1.0))
    assert verdict.record == of(2, 1.0)
    assert "the same numbers" in verdict.note


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file of one part, which computes 2 where 1 is recorded, and of one that is gone."""
    path = tmp_path / "golden.json"
    record.write(path, {"part": of(1, 1.0), "gone": of(1, 1.5)})
    part = parts.Part(lambda folder: {"scores": [2.0]}, lambda: 1, "the card")
    monkeypatch.setattr(parts, "GOLDEN", path)
    monkeypatch.setattr(parts, "PARTS", {"part": part})
    monkeypatch.setattr(record, "TOLERANCES", {"part": 1e-3})
    return path


def test_refusal_leaves_the_file(file, monkeypatch, capsys):
    before = file.read_bytes()
    monkeypatch.setattr("sys.argv", ["record.py"])
    with pytest.raises(SystemExit, match="nothing is recorded"):
        record.main()
    assert file.read_bytes() == before
    assert "part computes other numbers under version 1" in capsys.readouterr().out


def test_the_file_is_written_anew(file, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["record.py", "--first"])
    record.main()
    assert json.loads(file.read_text()) == {"part": of(1, 2)}
    assert "gone is no part any more" in capsys.readouterr().out
    assert [one.name for one in file.parent.iterdir()] == ["golden.json"]
