from iqabench.contract import DataError


def test_a_message_and_a_hint_are_one_line_whatever_they_quote():
    error = DataError("no file a\nb.png\x1b[31m", "look\r\nthere: \ud800, é")
    assert error.message == str(error) == "no file a b.png [31m"
    assert error.hint == "look  there:  , é"
