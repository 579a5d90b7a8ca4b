"""The drawings of docs/statistics-in-words.md, and what they say."""

import re
import runpy
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
ROOM = DOCS / "drawings"
PAGE = (DOCS / "statistics-in-words.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"!\[([^\]]+)\]\(drawings/(\w+)\.svg\)", PAGE)
MODULES = ("agreement", "certainty", "desk", "labels")


@pytest.fixture(scope="module")
def room():
    """The names of ``docs/drawings/__main__.py``, whose modules are forgotten afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOM))
        yield runpy.run_path(str(ROOM / "__main__.py"))
    for name in MODULES:
        sys.modules.pop(name, None)


def words(path):
    """What is written in a drawing."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))


def test_each_drawing_stands_in_one_section_and_is_kept(room):
    assert sorted(name for _, name in SHOWN) == sorted(room["DRAWINGS"])
    assert {path.stem for path in ROOM.glob("*.svg")} == set(room["DRAWINGS"])
    assert PAGE.count("\n### ") == len(SHOWN)
    assert max(path.stat().st_size for path in ROOM.glob("*.svg")) < 60_000


@pytest.mark.slow
def test_the_numbers_in_the_drawings_are_what_the_functions_give(room, tmp_path):
    room["draw"](tmp_path)
    for name in room["DRAWINGS"]:
        kept, made = words(ROOM / f"{name}.svg"), words(tmp_path / f"{name}.svg")
        assert len(kept) > 3
        assert kept == made, f"{name}: run make drawings"
