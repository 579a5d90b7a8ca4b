import pytest

from iqabench.contract import DataError, Protocol, UsageError
from iqabench.data.splits import save
from iqabench.protocols.grammar import Across, Within
from iqabench.protocols.parts import Shares, parts_of, split_of


def parts(request, *sets, seeds=None, split=None, **shares):
    by_name = {found.name: found for found in sets}
    return list(parts_of(request, by_name.__getitem__, seeds, split, Shares(**shares)))


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


def sizes(part):
    return [len(one) for one in (part.split.train, part.split.validation, part.split.test)]


def test_shares_size_a_hold_out_and_its_name_says_so(dataset):
    held = dataset("held", protocol=Protocol(seeds=1), contents=20)
    (usual,) = parts(Within("held"), held)
    (asked,) = parts(Within("held"), held, test=0.2, validation=0.1)
    assert (sizes(usual), usual.protocol.name) == ([14, 2, 4], "hold-out")
    assert asked == usual
    (tenth,) = parts(Within("held"), held, test=0.1)
    assert (sizes(tenth), tenth.protocol.name) == ([16, 2, 2], "hold-out 10%")
    (both,) = parts(Within("held"), held, test=0.25, validation=0.15)
    assert (sizes(both), both.protocol.name) == ([12, 3, 5], "hold-out 25%, validation 15%")
    assert "share" not in str(usual.protocol.model_dump())
    assert tenth.protocol.model_dump()["test_share"] == 0.1


def test_a_share_on_the_card_is_named_too(dataset):
    held = dataset("held", protocol=Protocol(seeds=1, test_share=0.1), contents=20)
    (own,) = parts(Within("held"), held)
    assert (sizes(own), own.protocol.name) == ([16, 2, 2], "hold-out 10%")
    (asked,) = parts(Within("held"), held, test=0.2)
    assert asked.protocol.name == "hold-out"


def test_a_validation_share_sizes_folds_and_training_across_sets(dataset):
    folded = parts(Within("set"), dataset(), seeds=1, validation=0.25)
    assert {len(part.split.validation) for part in folded} == {2}
    assert {part.protocol.name for part in folded} == {"4-fold, validation 25%"}
    (across,) = parts(Across("a", "b"), dataset("a"), dataset("b"), seeds=1, validation=0.25)
    assert (sizes(across), across.protocol.name) == ([6, 2, 0], "cross, validation 25%")


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"test": 1.5}, "--test-share 1.5 is no share"),
        ({"validation": 0.0}, "--validation-share 0 is no share"),
        ({"test": float("nan")}, "--test-share nan is no share"),
        ({"test": 0.9}, "--test-share 0.9 leaves nothing of 'held' to train on"),
        ({"test": 0.5, "validation": 0.5}, "leaves nothing"),
    ],
)
def test_shares_that_leave_nothing_are_refused(dataset, shares, words):
    with pytest.raises(UsageError, match=words):
        parts(Within("held"), dataset("held", protocol=Protocol()), **shares)


def test_shares_of_given_parts_are_refused(dataset):
    with pytest.raises(UsageError, match=r"0\.1 does not apply to 'set'"):
        parts(Within("set"), dataset(), test=0.1)
    with pytest.raises(UsageError, match="does not apply to a:b"):
        parts(Across("a", "b"), dataset("a"), dataset("b"), test=0.1)
    with pytest.raises(UsageError, match=r"--validation-share 0\.2 does not apply to --split"):
        parts(Within("set"), dataset(), validation=0.2, split="official")
