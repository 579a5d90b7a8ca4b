from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from iqabench import Session, evaluate_saliency
from iqabench.contract import DataError, UsageError
from iqabench.stats import cc, kld, nss, sim
from iqabench.stats.centre_prior import centre_prior

HOT = (10, 15)
FIXATIONS = """image,observer,y,x
a.png,0,10,15.9
a.png,1,20.5,30.5
a.png,2,50,10
b.png,0,5,7.5
b.png,0,15,20
"""
"""The third lies outside a.png."""


@pytest.fixture
def root(tmp_path):
    """a.png, 60x40, and b.png, 30x20, with maps in ``maps``: one pixel of a, a ramp for b."""
    for folder in ("images", "maps"):
        (tmp_path / folder).mkdir()
    for name, (height, width) in {"a.png": (40, 60), "b.png": (20, 30)}.items():
        noise = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "images" / name)
    hot = np.zeros((40, 60), np.float32)
    hot[HOT] = 1
    np.save(tmp_path / "maps" / "a.npy", hot)
    np.save(tmp_path / "maps" / "b.npy", np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30))
    (tmp_path / "fixations.csv").write_text(FIXATIONS)
    return tmp_path


def measured(root, *providers, **given):
    found = evaluate_saliency(providers, "fixations", root=root, **given).pictures
    return found.set_index(["provider", "image"]).sort_index()


def row_of(found, image):
    return found.xs(f"images/{image}", level="image").iloc[0]


def test_metrics_by_hand(root):
    """One of n = 2400 pixels is hot: its standard score is sqrt(n - 1), the others' -1/sqrt(n - 1).

    b's fixations, at (1/4, 1/4) and (3/4, 2/3), fall on a's pixels (10, 15), which is hot, and
    (30, 40): of the four pairs with a's own two, one is won, one lost and two are tied.
    """
    row = row_of(measured(root, f"folder:root={root / 'maps'}"), "a.png")
    assert row["fixations"] == 2
    assert row["error"] is None
    assert row["nss"] == pytest.approx((np.sqrt(2399) - 1 / np.sqrt(2399)) / 2)
    assert row["sauc"] == 0.5
    assert row["auc_judd"] == pytest.approx((1 + 0.5) / 2)


def test_true_maps_are_blurred_by_a_share_of_the_shorter_side(root):
    """Gaussians of 4% of 20 pixels at (5, 7) and (15, 20)."""
    y, x = np.mgrid[:20, :30]
    truth = sum(
        np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 0.8**2))
        for row, column in ((5, 7), (15, 20))
    )
    ramp = np.linspace(0, 1, 600).astype(np.float16).reshape(20, 30)
    row = row_of(measured(root, f"folder:root={root / 'maps'}"), "b.png")
    for name, metric in {"cc": cc, "sim": sim, "kld": kld}.items():
        assert row[name] == pytest.approx(metric(ramp, truth), rel=1e-3)
    assert row["nss"] == pytest.approx(nss(ramp, [[5, 7], [15, 20]]), rel=1e-3)


def test_the_prior_knows_other_pictures_only(root):
    """Information gain of the uniform map, with the prior of b's two fixations alone."""
    prior = centre_prior([[5 / 20, 7.5 / 30], [15 / 20, 20 / 30]], (40, 60))
    expected = np.mean([-np.log2(prior[place] * 2400) for place in (HOT, (20, 30))])
    assert row_of(measured(root, "uniform"), "a.png")["ig"] == pytest.approx(expected)


def test_chance_and_truth(root):
    """A uniform map is chance by every metric that has a chance level; the truth is perfect."""
    found = measured(root, "uniform", "groundtruth")
    for image in ("images/a.png", "images/b.png"):
        uniform, truth = found.loc[("uniform", image)], found.loc[("groundtruth", image)]
        assert uniform[["nss", "auc_judd", "sauc", "cc"]].tolist() == [0, 0.5, 0.5, 0]
        assert truth["cc"] == pytest.approx(1, abs=1e-5)
        assert truth["sim"] == pytest.approx(1, abs=1e-3)
        assert truth["kld"] == pytest.approx(0, abs=1e-5)


def test_pictures_of_the_same_content_are_no_others(root, tmp_path):
    """a and b are one content, c another: only c's fixation, on a's hot pixel, is a negative."""
    Image.new("RGB", (60, 40)).save(root / "images" / "c.png")
    (root / "fixations.csv").write_text(FIXATIONS + "c.png,0,10.5,15.5\n")
    (root / "scores.csv").write_text(
        "image,mos,content,fixations\n"
        + "".join(
            f"images/{name}.png,3,{content},fixations.csv\n"
            for name, content in (("a", 1), ("b", 1), ("c", 2))
        )
    )
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(f"datasets:\n  s: {{reader: csv, root: {root}, labels: scores.csv}}\n")
    np.save(root / "maps" / "c.npy", np.ones((40, 60), np.float32))
    found = evaluate_saliency(
        [f"folder:root={root / 'maps'}"], "s", session=Session(catalog)
    ).pictures.set_index("image")
    assert found.loc["images/a.png", "sauc"] == (0.5 + 0) / 2
    assert found.loc["images/a.png", "content"] == found.loc["images/b.png", "content"]


def test_one_content_has_no_others(root):
    (root / "fixations.csv").write_text("image,y,x\na.png,10,15\n")
    row = row_of(measured(root, "center"), "a.png")
    assert np.isnan([row["sauc"], row["ig"]]).all()
    assert np.isfinite([row["nss"], row["auc_judd"], row["cc"]]).all()


def test_a_picture_without_a_fixation_inside(root):
    (root / "fixations.csv").write_text("image,y,x\na.png,10,15\nb.png,20,3\n")
    row = row_of(measured(root, "center"), "b.png")
    assert row["fixations"] == 0
    assert row[["nss", "auc_judd", "sauc", "cc", "sim", "kld", "ig"]].isna().all()


def test_a_picture_that_cannot_be_read_fails_alone(root):
    whole = measured(root, "center", "uniform")
    (root / "images" / "b.png").write_text("no picture")
    found = measured(root, "center", "uniform")
    for provider in ("center", "uniform"):
        row = found.loc[(provider, "images/b.png")]
        assert "b.png" in row["error"]
        assert np.isnan(row["nss"])
        both = [one.loc[(provider, "images/a.png"), "nss"] for one in (whole, found)]
        assert both[0] == both[1]


def test_a_set_without_fixations_is_refused(little):
    with pytest.raises(UsageError, match="has no fixations") as caught:
        evaluate_saliency(["center"], "little", session=Session(little.catalog))
    assert "--root" in caught.value.hint


def test_a_folder_that_lacks_a_map_is_refused(root):
    (root / "maps" / "b.npy").unlink()
    with pytest.raises(DataError, match=r"b\.png"):
        measured(root, f"folder:root={root / 'maps'}")


class Watch:
    """Remembers progress."""

    def __init__(self):
        self.ticks = []

    def task(self, title):
        return nullcontext(lambda *what: self.ticks.append((title, *what)))


def test_progress_is_shown(root):
    watch = Watch()
    evaluate_saliency(["center"], "fixations", root=root, session=Session(watch=watch))
    assert [tick for tick in watch.ticks if tick[0] == "measuring"] == [
        ("measuring", 1, 2, "pictures"),
        ("measuring", 2, 2, "pictures"),
    ]
    assert len([tick for tick in watch.ticks if "(center)" in tick[0]]) == 2
