import numpy as np
import pytest
from PIL import Image

from iqabench.report.sheets import sheet

PIXELS = np.full((20, 30, 3), 0.5)


def drawn(path, title):
    sheet([[(title, PIXELS)]], path, "model")
    return np.asarray(Image.open(path).convert("L"))


@pytest.mark.parametrize("name", [r"$\nosuch$.png", "$a_1$.png", "a$b", "two\nlines", "caf\udce9"])
def test_odd_names_are_drawn_as_they_are_written(tmp_path, name):
    """A formula would raise, or be drawn without its dollar signs."""
    plain = name.encode("unicode_escape").decode() if not name.isprintable() else name
    sheet([[(plain, PIXELS)]], tmp_path / "b.png", "model")
    first, second = (
        drawn(tmp_path / "a.png", name),
        np.asarray(Image.open(tmp_path / "b.png").convert("L")),
    )
    assert np.array_equal(first, second)


def test_a_dollar_is_drawn(tmp_path):
    with_signs, without = (drawn(tmp_path / f"{name}.png", name) for name in ("$a$", "a"))
    ink = [(array < 128).sum() for array in (with_signs, without)]
    assert ink[0] > ink[1]
