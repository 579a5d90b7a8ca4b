from iqabench.contract import DataError
from iqabench.contract.errors import UnknownNameError


def test_a_message_and_a_hint_are_one_line_whatever_they_quote():
    error = DataError("no file a\nb.png\x1b[31m", "look\r\nthere: \ud800, é")
    assert error.message == str(error) == "no file a b.png [31m"
    assert error.hint == "look  there:  , é"


def test_a_hint_lists_thirty_names_and_counts_the_others():
    names = [f"{number:03d}" for number in range(35)]
    assert UnknownNameError("model", "xyz", names[:30]).hint == f"known: {', '.join(names[:30])}"
    assert UnknownNameError("model", "xyz", names).hint.endswith(", 028, 029 and 5 more")


def test_a_hint_names_the_command_that_lists_many_names():
    names = [f"{number:03d}" for number in range(35)]
    few = UnknownNameError("model", "xyz", names[:2], lister="iqabench models")
    many = UnknownNameError("model", "xyz", names, " (note)", "iqabench models")
    assert few.hint == "known: 000, 001"
    assert many.hint == "`iqabench models` lists the 35 that are known (note)"


def test_a_near_name_is_given_once_however_often_it_is_known():
    found = UnknownNameError("encoder", "resnet999", ["resnet50", "vgg19", "resnet50"])
    assert found.hint == "did you mean resnet50?"
