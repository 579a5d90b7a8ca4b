import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from iqabench.report.saliency import notes, short, summary
from iqabench.stats.saliency import METRICS


def pictures(values, contents=None, provider="p"):
    count = len(values)
    frame = pd.DataFrame(
        {
            "provider": provider,
            "image": [f"{number}.png" for number in range(count)],
            "content": contents if contents is not None else [f"c{n}" for n in range(count)],
            "error": None,
            "fixations": 3,
        }
    )
    return frame.assign(**{metric: np.asarray(values, float) for metric in METRICS})


def ends(frame, metric="nss"):
    row = summary(frame).iloc[0]
    return row[f"{metric}_low"], row[f"{metric}_high"]


def test_means_and_counts_of_each_provider_in_the_order_given():
    frame = pd.concat([pictures([1, 2, 6]), pictures([0, 0], provider="a")])
    found = summary(frame)
    assert found["provider"].tolist() == ["p", "a"]
    assert found["nss_mean"].tolist() == [3, 0]
    assert found["pictures"].tolist() == [3, 2]
    assert found["fixations"].tolist() == [9, 6]
    assert found["failed"].tolist() == [0, 0]


def test_the_interval_is_a_percentile_bootstrap_of_pictures():
    """scipy's, with other draws."""
    values = np.random.default_rng(0).gamma(2, size=200)
    expected = bootstrap((values,), np.mean, method="percentile", rng=1).confidence_interval
    assert ends(pictures(values)) == pytest.approx(tuple(expected), rel=0.01)


def test_contents_are_drawn_whole():
    """Four pictures of each content, all alike, say no more than one of each."""
    values = np.random.default_rng(1).normal(size=60)
    names = [f"c{n}" for n in range(60)]
    repeated = pictures(np.repeat(values, 4), np.repeat(names, 4))
    assert ends(repeated) == pytest.approx(ends(pictures(values, names)))


def test_what_is_not_defined_is_left_out():
    frame = pictures([1.0, np.nan, 3.0])
    frame.loc[1, ["error", "fixations"]] = ["cannot be read", 0]
    row = summary(frame).iloc[0]
    assert (row["nss_mean"], row["pictures"], row["failed"]) == (2, 2, 1)
    nothing = summary(pictures([np.nan, np.nan])).iloc[0]
    assert np.isnan([nothing["ig_mean"], nothing["ig_low"], nothing["ig_high"]]).all()


def test_a_screen_shows_a_column_for_each_provider():
    frame = pd.concat([pictures([1, 1]), pictures([np.nan, np.nan], provider="q")])
    rows = short(summary(frame))
    assert rows[0] == {"metric": "pictures", "p": "2", "q": "2"}
    assert rows[1] == {"metric": "NSS [95%]", "p": "1.000 [1.000, 1.000]", "q": "-"}
    assert [row["metric"] for row in rows[1:]] == [f"{name} [95%]" for name in METRICS.values()]


def test_footnotes_name_what_failed_and_too_few_contents():
    many = pictures(np.ones(40))
    assert len(notes(many)) == 2
    many.loc[7, "error"] = "cannot be decoded"
    assert notes(many)[-1] == ("1 pictures have no map, first 7.png (p): cannot be decoded")
    assert any("too narrow" in note for note in notes(pictures([1, 2])))
