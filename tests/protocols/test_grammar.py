import re

import pytest

from iqabench.contract import UsageError
from iqabench.protocols.grammar import Across, Within, parse


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["demo"], [Within("demo")]),
        (["live,csiq"], [Within("live"), Within("csiq")]),
        (["kadid:live,csiq"], [Across("kadid", "live"), Across("kadid", "csiq")]),
        (["live", "kadid:live"], [Within("live"), Across("kadid", "live")]),
        ([" LIVE , csiq "], [Within("live"), Within("csiq")]),
        (["live,live", "live"], [Within("live")]),
        (["b,a"], [Within("b"), Within("a")]),
        (["tid2013-1.v2+x_y"], [Within("tid2013-1.v2+x_y")]),
    ],
)
def test_forms(flags, expected):
    assert parse(flags) == expected


@pytest.mark.parametrize(
    "flags",
    [
        *([], [""], [","], ["a,"], [":"], ["a:"], [":a"], ["a b"], ["a;b"], ["a=b"]),
        *(["a:b:c"], ["a:b,c:d"], ["a:a"], ["a:b,a"], ["a,b:c"], ["live", "a,b:c"]),
    ],
)
def test_what_has_no_single_meaning_is_refused_with_a_hint(flags):
    with pytest.raises(UsageError) as error:
        parse(flags)
    assert error.value.hint
    assert "\n" not in error.value.message + error.value.hint


def test_both_readings_are_spelled_out_and_can_be_typed():
    with pytest.raises(UsageError, match="'a,b:c,d' has two readings") as error:
        parse(["a,b:c,d"])
    one, other = error.value.hint.split(", or ")
    flags = [re.findall(r"--datasets (\S+)", reading) for reading in (one, other)]
    assert parse(flags[0]) == [Within("a"), Across("b", "c"), Across("b", "d")]
    assert parse(flags[1]) == [Across(a, b) for a in "ab" for b in "cd"]


def test_two_colons_are_named():
    with pytest.raises(UsageError, match="'a:b:c' has two colons"):
        parse(["a:b:c"])
