from types import SimpleNamespace

import pandas as pd
import pytest

from iqabench.contract import DataError
from iqabench.data.splits import shuffled
from iqabench.saliency.permutation import partners


def table_of(contents, levels, references=False):
    rows = [
        {"image": f"{content}/{level}.png", "content": content, "reference": f"{content}.png"}
        for content in contents
        for level in levels
    ]
    table = pd.DataFrame(rows)
    return SimpleNamespace(
        name="set", table=table if references else table.drop(columns="reference")
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [2, 3, 7])
def test_nobody_gets_his_own_and_everybody_is_given_once(count, seed):
    found = partners(table_of("abcdefg"[:count], (1, 2, 3)), seed)
    assert all(theirs[0] != mine[0] for mine, theirs in found.items())
    assert sorted(found.values()) == sorted(found)
    assert all(theirs[1:] == mine[1:] for mine, theirs in found.items())  # the same level


def test_the_ring_is_that_of_the_splits_order():
    first, second, third = shuffled("abc", 5)
    found = partners(table_of("abc", (1,)), 5)
    assert {mine[0]: theirs[0] for mine, theirs in found.items()} == {
        first: second,
        second: third,
        third: first,
    }


def test_seeds_differ_and_the_order_of_rows_does_not_matter():
    sets = table_of("abcdefg", (1, 2))
    assert len({tuple(sorted(partners(sets, seed).items())) for seed in range(10)}) > 5
    turned = SimpleNamespace(name="set", table=sets.table[::-1])
    assert partners(turned, 3) == partners(sets, 3)


def test_pristine_pictures_are_given_pristine_ones():
    found = partners(table_of("abc", (1, 2), references=True), 0)
    for content in "abc":
        other = found[f"{content}/1.png"][0]
        assert other != content
        assert found[f"{content}.png"] == f"{other}.png"


def test_contents_with_fewer_pictures_give_theirs_more_than_once():
    few = table_of("a", (1,)).table
    many = table_of("b", (1, 2, 3)).table
    found = partners(SimpleNamespace(name="set", table=pd.concat([few, many])), 0)
    assert found == {"a/1.png": "b/1.png"} | dict.fromkeys(
        ("b/1.png", "b/2.png", "b/3.png"), "a/1.png"
    )


def test_one_content_has_nobody_to_swap_with():
    with pytest.raises(DataError, match="data set 'set' has one content"):
        partners(table_of("a", (1, 2)), 0)
