import pytest

from iqabench.contract import DataError, Protocol, UsageError
from iqabench.data.splits import save
from iqabench.protocols.grammar import Across, Within
from iqabench.protocols.parts import parts_of, split_of


def parts(request, *sets, seeds=None, split=None):
    by_name = {found.name: found for found in sets}
    return list(parts_of(request, by_name.__getitem__, seeds, split))


def test_seeds_are_counted_from_zero_and_default_to_the_sets_own(dataset):
    protocol = Protocol(seeds=5)
    made = parts(Within("set"), dataset(protocol=protocol))
    assert [part.seed for part in made] == [0, 1, 2, 3, 4]
    assert len({part.split.hash for part in made}) > 1
    made = parts(Within("set"), dataset(protocol=protocol), seeds=2)
    assert [part.seed for part in made] == [0, 1]


def test_across_sets_the_default_is_three_seeds(dataset):
    made = parts(Across("a", "b"), dataset("a"), dataset("b"))
    assert [part.seed for part in made] == [0, 1, 2]


def test_the_official_split(dataset):
    columns = ["train"] * 10 + ["validation"] * 2 + ["test"] * 4
    (part,) = parts(Within("set"), dataset(official_split=columns), seeds=1, split="official")
    assert part.protocol.name == "official"
    assert part.split.train == ("c0", "c1", "c2", "c3", "c4")
    assert part.split.validation == ("c5",)
    assert part.contents == ("c6", "c7")


def test_an_official_split_where_there_is_none_is_refused(dataset):
    with pytest.raises(DataError, match="publishes no official split"):
        parts(Within("set"), dataset(), split="official")
    with pytest.raises(UsageError):
        parts(Across("a", "b"), dataset("a"), dataset("b"), split="official")


def test_a_splits_file_is_of_one_set_and_not_across(dataset, tmp_path):
    path = tmp_path / "s.json"
    save(split_of(dataset("a"), 0, 0), path)
    with pytest.raises(DataError, match="it splits 'a', not 'b'"):
        parts(Within("b"), dataset("b"), split=str(path))
    with pytest.raises(UsageError, match="does not apply to a:b"):
        parts(Across("a", "b"), dataset("a"), dataset("b"), split=str(path))


def test_the_split_of_a_seed_and_fold(dataset):
    folded, held = dataset(), dataset("held", protocol=Protocol())
    assert split_of(folded, 0, 2) == parts(Within("set"), folded)[2].split
    assert split_of(held, 2, None) == parts(Within("held"), held)[2].split
    for found, fold, words in ((folded, None, "4 folds"), (folded, 4, "4 folds"), (held, 0, "no")):
        with pytest.raises(UsageError, match=words):
            split_of(found, 0, fold)
