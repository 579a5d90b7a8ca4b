"""Pictures that pairs join into scenes."""

from pathlib import Path

from iqabench.audit.compare import Evidence
from iqabench.audit.pairs import Audit, Pair, Picture


def audit(*pairs):
    def picture(name):
        return Picture(name, name, Path(name), name)

    made = tuple(Pair(picture(a), picture(b), Evidence(bits=0)) for a, b in pairs)
    return Audit("set", None, made, (9,), ())


def test_pairs_join_directly_and_through_others():
    found = audit(("b", "a"), ("c", "d"), ("b", "e"), ("d", "f"), ("x", "y"))
    assert found.scenes() == [("a", "b", "e"), ("c", "d", "f"), ("x", "y")]


def test_without_pairs_there_is_no_scene():
    assert audit().scenes() == []
