"""What the page of scores holds."""

import json
import re

import numpy as np
import pytest
from scored_pictures import look, opened, pictures, plain

from iqabench.contract import UsageError
from iqabench.data.scored import PictureScore, Scored
from iqabench.report import score_page


def data(text):
    """The data of a page."""
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


def test_every_row_is_there():
    found = data(score_page.html(pictures()))
    assert found["models"] == [
        {"name": "net", "direction": "higher"},
        {"name": "nss", "direction": "lower"},
    ]
    assert len(found["pictures"]) == 30
    first = found["pictures"][0]
    assert first["rows"] == [
        {"score": 0.0, "band": "bad", "low": -2.0, "high": 2.0},
        {"score": 100.0},
    ]
    assert found["pictures"][4]["rows"] == [{"error": "cannot decode"}] * 2
    assert "thumbnail" not in found["pictures"][4]
    assert found["pictures"][5]["rows"][0]["warning"] == "rendered text"


def test_thumbnails_and_maps_are_pictures():
    found = data(score_page.html(pictures()))["pictures"][1]
    assert opened(found["thumbnail"]).size == (80, 60)
    assert list(found["maps"]["net"]) == ["low", "high"]
    alpha = np.asarray(opened(found["maps"]["net"]["high"]))[..., 3]
    assert alpha[:, :15].max() < 30 and alpha[:, 25:].min() > 225


def test_controls_are_there_where_they_do_something():
    whole, little = score_page.html(pictures()), score_page.html(plain())
    for control in ("model", "band", "map", "always"):
        assert f'id="{control}"' in whole
        assert f'id="{control}"' not in little
    bands = re.search(r'<select id="band">(.*?)</select>', whole)[1]
    assert re.findall("<option>(.*?)</option>", bands) == [
        "excellent",
        "good",
        "fair",
        "poor",
        "bad",
    ]


def test_of_many_pictures_the_best_and_the_worst_have_thumbnails(monkeypatch):
    monkeypatch.setattr(score_page, "MOST", 4)
    scores = [5.0, 1.0, None, 9.0, 3.0, 7.0, 2.0]
    rows = [PictureScore(f"{one}.png", "m", one, "higher", None, "") for one in scores]
    found = data(score_page.html([Scored((row,), look(1, maps=False)) for row in rows]))
    kept = [one["path"] for one in found["pictures"] if "thumbnail" in one]
    assert kept == ["1.0.png", "9.0.png", "7.0.png", "2.0.png"]


def test_names_are_harmless_and_need_not_be_utf_8():
    row = PictureScore("caf\udce9</script>.png", "m", 1.0, "higher", None, "")
    text = score_page.html([Scored((row,))])
    text.encode()
    assert data(text)["pictures"][0]["path"] == "caf\\udce9</script>.png"
    assert "<img src=x" not in score_page.html(pictures())


def test_a_page_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot write"):
        score_page.write(tmp_path / "none" / "a.html", plain())


def test_the_command_writes_a_page(iqabench, little, tmp_path):
    page = tmp_path / "scores.html"
    code, printed, told = iqabench("score", "entropy", little.root, "-o", page, "--quiet")
    assert (code, printed, told[-1]) == (0, "", f"wrote {page}")
    found = data(page.read_text("utf-8"))["pictures"]
    assert len(found) == 45
    assert opened(found[0]["thumbnail"]).size == (96, 80)
    code, *_ = iqabench("score", "entropy", little.root, "-o", page, "--format", "csv", "--quiet")
    assert page.read_text("utf-8").startswith("path,model,score")
