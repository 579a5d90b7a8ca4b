from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from iqabench.api.session import Session
from iqabench.contract import DataError, IqabenchError
from iqabench_datasets.kadid import read

PUBLISHED = Path(__file__).parents[3] / "shared" / "labels" / "KADID-10k.csv.gz"
ROWS = [
    # dist_img, ref_img, dmos, var
    ("I01_01_01.png", "I01.png", 4.57, 0.496),
    ("I01_25_05.png", "I01.png", 1.2, 0.0),
    ("I81_09_03.png", "I81.png", 3.0, 1.44),
]


@pytest.fixture
def root(tmp_path):
    """A few files named as in the official archive."""
    folder = tmp_path / "kadid10k"
    (folder / "images").mkdir(parents=True)
    for name in {name for row in ROWS for name in row[:2]}:
        Image.new("RGB", (20, 20)).save(folder / "images" / name)
    lines = ["dist_img,ref_img,dmos,var", *(",".join(map(str, row)) for row in ROWS)]
    (folder / "dmos.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def session(root, tmp_path):
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(f"datasets:\n  kadid: {{root: {root}}}\n")
    return Session(catalog)


def test_the_table(root):
    table = read(root, {})
    assert table["image"].tolist() == [f"images/{row[0]}" for row in ROWS]
    assert table["reference"].tolist() == ["images/I01.png", "images/I01.png", "images/I81.png"]
    assert table["content"].tolist() == ["I01", "I01", "I81"]
    assert table["distortion"].tolist() == ["gaussian-blur", "contrast-change", "jpeg2000"]
    assert table["level"].tolist() == [1, 5, 3]
    assert table["mos"].tolist() == [4.57, 1.2, 3.0]
    np.testing.assert_allclose(table["mos_std"], [0.496, 0, 1.44])
    assert table["raters"].tolist() == [30, 30, 30]


def test_the_number_of_raters_explains_the_published_scores():
    """Means of 30 ratings from 1 to 5 are multiples of 1/30; those of 29 or 31 are not."""
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED} is not here")
    scores = pd.read_csv(PUBLISHED)["score"].to_numpy()
    explained = {n: np.isclose((scores * n).round() / n, scores, atol=0.005001) for n in (29, 30)}
    # Two digits let through 29% of arbitrary scores.
    assert explained[30].mean() > 0.95
    assert explained[29].mean() < 0.4


@pytest.mark.parametrize("name", ["kadid", "KADID-10k", "kadid10k"])
def test_what_the_file_calls_dmos_is_higher_for_better(session, name):
    table = session.dataset(name).table
    assert (table["quality"] == table["mos"]).all()


def test_a_missing_label_file(root, session):
    (root / "dmos.csv").unlink()
    with pytest.raises(DataError, match=r"dmos.csv is missing") as refused:
        session.dataset("kadid")
    assert "the unpacked archive" in refused.value.hint


def test_a_missing_picture(root, session):
    (root / "images" / "I01_25_05.png").unlink()
    with pytest.raises(DataError, match=r"1 of 3 images are missing, first images/I01_25_05.png"):
        session.dataset("kadid")


@pytest.mark.parametrize(
    "text",
    [
        "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4,-1\n",
        "dist_img,ref_img,dmos,var\nI01-1.png,I01.png,4,0\n",  # no type in the name
        "dist_img,ref_img,dmos,var\nI01_99_01.png,I01.png,4,0\n",  # no such type
        "dist_img,ref_img,mos\nI01_01_01.png,I01.png,4\n",  # other columns
        "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,good,0\n",
    ],
)
def test_other_label_files_are_refused(root, session, text):
    (root / "dmos.csv").write_text(text)
    with pytest.raises(IqabenchError) as refused:
        session.dataset("kadid")
    assert refused.value.hint


def test_the_column_var_holds_standard_deviations():
    """Of 30 ratings, 13 of 4 and 17 of 5 have mean 4.57 and deviation .496; no 30 ratings from 1
    to 5 have that mean and that variance, whether divided by 30 or by 29."""
    ratings = np.repeat([4, 5], [13, 17])
    assert (round(ratings.mean(), 2), round(ratings.std(), 3)) == (4.57, 0.496)
    for divisor in (29, 30):
        squares = np.arange(30 * 25 + 1)  # a sum of squared ratings is whole
        variances = (squares - 137**2 / 30) / divisor
        assert 0.496 not in variances.round(3)
