import pytest

from iqabench.contract import UsageError
from iqabench.options import named


@pytest.mark.parametrize(
    ("text", "name", "given"),
    [
        ("center", "center", {}),
        ("center:", "center", {}),
        ("center:sigma= 0.2 ", "center", {"sigma": "0.2"}),
        ("center:sigma=0.2", "center", {"sigma": "0.2"}),
        ("a:b=1:c=2", "a", {"b": "1", "c": "2"}),
        ("a:b=", "a", {"b": ""}),
        ("a:file=C:\\maps\\x.png:c=2", "a", {"file": "C:\\maps\\x.png", "c": "2"}),
        ("a:b=x=y", "a", {"b": "x=y"}),
    ],
)
def test_names_and_their_options(text, name, given):
    assert named(text) == (name, given)


def test_one_key_may_take_all_that_follows():
    text = "shuffled:of=center:sigma=0.2:seed=1"
    assert named(text) == ("shuffled", {"of": "center", "sigma": "0.2", "seed": "1"})
    assert named(text, rest="of") == ("shuffled", {"of": "center:sigma=0.2:seed=1"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a:0.2", "'a:0.2' is not NAME:KEY=VALUE"),
        ("a:=2", "is not NAME:KEY=VALUE"),
        ("a:b-c=2", "is not NAME:KEY=VALUE"),
        ("a:b=1:b=2", "gives b twice"),
    ],
)
def test_what_is_no_option_is_refused(text, words):
    with pytest.raises(UsageError) as error:
        named(text)
    assert words in error.value.message
    assert error.value.hint
