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
