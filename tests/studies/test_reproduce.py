import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

import iqabench
from iqabench import Session, plan_reproduction, reproduce
from iqabench.contract.errors import IqabenchError
from iqabench.registry import registry
from iqabench.report import canvas
from iqabench.report.evaluations import groups
from iqabench.studies.reproduce import tables
from iqabench_datasets.live import FOLDERS

PUBLISHED = Path(__file__).parents[3] / "shared" / "published"


@pytest.fixture
def lines(toy, little, made_once):
    done = made_once(
        lambda store: reproduce("toy-estimator", 1, session=Session(little.catalog, store=store))
    )
    assert done.table.remark == "made up"
    return {row["row"]: row for row in done.rows}


def measured(little, store, *overrides, models=("toy-estimator",)):
    session = Session(little.catalog, store=store)
    return iqabench.run(models, little.name, seeds=2, set=overrides, session=session)


def test_measured_stands_beside_printed(lines, little, store):
    board = measured(little, store).leaderboard().iloc[0]
    row = lines["as it is"]
    for metric, printed in (("srocc", 0.5), ("plcc", 0.25)):
        assert row[f"{metric} printed"] == printed
        assert row[f"{metric} here"] == pytest.approx(board[f"{metric}_mean"])
        assert row[f"{metric} difference"] == pytest.approx(board[f"{metric}_mean"] - printed)
        for end in ("low", "high"):
            expected = board[f"{metric}_{end}"] - printed
            assert row[f"{metric} difference {end}"] == pytest.approx(expected)
    assert row["note"] == ""


def test_a_row_s_options_are_used(lines, little, store):
    board = measured(little, store, "toy-estimator.power=2").leaderboard()
    squared = board[board["model"] == "toy-estimator"].iloc[0]
    assert lines["squared"]["srocc here"] == pytest.approx(squared["srocc_mean"])
    assert lines["squared"]["srocc here"] != lines["as it is"]["srocc here"]


def test_two_models_are_compared_in_pairs(lines, little, store):
    both = measured(little, store, models=("toy-estimator", "brisque")).leaderboard()
    means = both.set_index("model")["srocc_mean"]
    row = lines["against another"]
    expected = means["toy-estimator"] - means["brisque"]
    assert row["srocc difference"] == pytest.approx(expected)
    assert row["srocc difference low"] <= expected <= row["srocc difference high"]


def expected_p(little, store, models, overrides=()):
    """p of the pooled residuals of both models, by scipy alone: raw, since both fit the set."""
    results = measured(little, store, *overrides, models=models)
    pooled = []
    for group in groups(results.store, results.evaluations):
        frames = group.repetitions()
        pooled.append(np.concatenate([frame["prediction"] - frame["quality"] for frame in frames]))
    normal = all(2 <= stats.kurtosis(one, fisher=False) <= 4 for one in pooled)
    variants = len({one.split("=")[-1] for one in models}) == 1
    if normal:
        return (stats.ttest_rel if variants else stats.ttest_ind)(*pooled).pvalue
    if variants:
        return stats.wilcoxon(*pooled, method="asymptotic").pvalue
    return stats.mannwhitneyu(*pooled, method="asymptotic").pvalue


def test_printed_marks_stand_beside_ours(lines, little, store):
    row = lines["squared"]
    models = ("a=toy-estimator", "b=toy-estimator")
    p = expected_p(little, store, models, ["b.power=2"])
    assert (row["sig against"], row["sig printed"]) == ("as it is", "*")
    assert row["sig here p"] == pytest.approx(p)
    assert row["sig here"] == ("*" if p < 0.05 else "-")
    assert row["sig here test"].startswith(("paired t of", "Wilcoxon of"))
    compared = measured(little, store, "b.power=2", models=models).compare()
    assert row["sig by content-t p"] == pytest.approx(compared["p"].iloc[0], nan_ok=True)
    assert "sig against" not in lines["as it is"]


def test_two_models_have_a_test_and_not_only_an_interval(lines, little, store):
    row = lines["against another"]
    p = expected_p(little, store, ("toy-estimator", "brisque"))
    assert (row["sig against"], row["sig printed"]) == ("brisque", "-")
    assert row["sig here p"] == pytest.approx(p)
    assert row["sig here test"].startswith(("independent t of", "Mann-Whitney of"))


def test_a_printed_rmse_in_an_unknown_unit_has_no_difference(lines, little, store):
    board = measured(little, store, "toy-estimator.power=2").leaderboard()
    squared = board[board["model"] == "toy-estimator"].iloc[0]
    row = lines["squared"]
    assert row["rmse printed"] == 0.125
    assert row["rmse_mapped here, set's unit"] == pytest.approx(squared["rmse_mapped_mean"])
    assert not [key for key in row if key.startswith("rmse difference")]


def test_the_note_names_what_a_model_was_given(toy, little, store):
    from iqabench.report import leaderboard
    from iqabench.studies.printed import Measured, line

    results = measured(little, store)
    (group,) = groups(results.store, results.evaluations)
    seen = group.evaluations[0].model_copy(
        update={
            "seen": ("live",),
            "shared": tuple(group.table["content"].unique()[:2]),
            "train": "-",
            "saliency": "spectral-residual",
        }
    )
    given = replace(group, evaluations=(seen,))
    row = tables("toy-estimator", Session())[0].rows[0]
    note = line(row, "", {row.label: Measured(given, leaderboard.row(group))}, None, None)["note"]
    count = group.table["content"].nunique()
    assert note.split("; ") == [
        "toy-estimator is not fitted here",
        "toy-estimator's weights have seen live",
        f"toy-estimator has seen 2 of {count} contents",
        "toy-estimator's maps: spectral-residual",
    ]


def test_a_plan_counts_the_jobs_of_every_row(toy, little, store):
    session = Session(little.catalog, store=store)
    ahead = plan_reproduction("toy-estimator", 1, session=session)
    rows = {row.row: row for row in ahead.rows}
    # Two seeds: a fit and a prediction each; rows share what is the same.
    assert [rows[name].jobs for name in ("as it is", "squared", "against another")] == [4, 4, 4]
    assert (rows["blurred"].jobs, rows["lost"].jobs, rows["lost"].note) == (0, 0, "nobody kept it")
    assert ahead.total == "12 jobs to make, 0 done; 12 of unknown time"
    assert not store.exists()
    reproduce("toy-estimator", 1, session=session)
    again = plan_reproduction("toy-estimator", 1, seeds=3, session=session)
    more = {row.row: row for row in again.rows}["as it is"]
    assert (more.jobs, more.done, more.unknown) == (6, 4, 0)
    assert more.estimate > 0
    assert again.total.startswith("6 jobs to make, 12 done; about 0:")


def test_a_dry_run_makes_nothing(iqabench, toy, little, store):
    asked = ["reproduce", "toy-estimator", "--table", "1", "--store", store, "--dry-run"]
    code, printed, said = iqabench(*asked, "--catalog", little.catalog, "--format", "json")
    assert (code, said[-1]) == (0, "12 jobs to make, 0 done; 12 of unknown time")
    assert json.loads(printed)[0]["row"] == "as it is"
    assert not store.exists()


def test_a_distortion_alone_is_judged_alone(lines, little, store):
    results = measured(little, store)
    (group,) = groups(results.store, results.evaluations)
    each = [
        stats.spearmanr(*frame[frame["distortion"] == "blur"][["prediction", "quality"]].T.values)
        for frame in group.repetitions()
    ]
    expected = np.mean([one.statistic for one in each])
    assert lines["blurred"]["srocc here"] == pytest.approx(expected)
    assert lines["blurred"]["srocc here"] != lines["as it is"]["srocc here"]
    assert lines["hazy"]["note"] == "not measured here: little has no distortion 'haze'"
    assert math.isnan(lines["hazy"]["srocc here"])


def test_the_figure_has_a_panel_for_each_set_of_predictions(toy, little, store):
    session = Session(little.catalog, store=store)
    done = reproduce("toy-estimator", 1, seeds=1, session=session)
    assert done.figure == store / "figures" / "toy-estimator-table1.png"
    # Three panels: as it is (against another is the same), squared, and blurred.
    width, height = Image.open(done.figure).size
    assert width == pytest.approx(canvas.PAGE * canvas.DPI, abs=3)
    assert height < width / 2  # two panels would be higher, four in two rows, too


def test_without_any_row_there_is_no_figure(toy, little, store):
    done = reproduce("sds-iqa", 1, session=Session(little.catalog, store=store))
    assert done.figure is None and not store.exists()


def test_what_is_absent_says_why(lines):
    assert lines["lost"]["note"] == "not measured here: nobody kept it"
    assert math.isnan(lines["lost"]["srocc here"])
    assert "moon" in lines["elsewhere"]["note"]


def test_other_data_is_no_reproduction(toy, little, store):
    session = Session(little.catalog, store=store)
    done = reproduce("toy-estimator", 1, datasets=little.name, seeds=1, session=session)
    notes = {row["row"]: row["note"] for row in done.rows}
    assert notes["elsewhere"] == "run on little instead: not comparable"


PRINTED = {
    1: "table1_ablation_cuid",
    2: "table2_placement_cuid",
    3: "table3_sota_cuid",
    4: "table4_sota_public",
    6: "table6_crossdb",
    7: "table7_backbones_cuid",
    8: "table8_cost_kadid",
}


@pytest.mark.parametrize("number", PRINTED)
def test_printed_numbers_are_those_of_the_paper(number):
    source = PUBLISHED / f"{PRINTED[number]}.csv"
    if not source.exists():
        pytest.skip("the paper's tables are not beside the project")
    table = {one.number: one for one in tables("biosiqnet", Session())}[number]
    printed = list(csv.DictReader(source.read_text().splitlines()))
    assert len(table.rows) == len(printed)
    for row, original in zip(table.rows, printed, strict=True):
        for metric in ("srocc", "plcc", "rmse"):
            expected = float(original[metric]) if original.get(metric) else None
            assert row.published.get(metric) == expected


def test_printed_marks_are_those_of_the_paper():
    found = {one.number: one.rows for one in tables("biosiqnet", Session())}
    for number, column in ((1, "sig"), (3, "sig_vs_biosiqnet")):
        original = printed(PRINTED[number])
        assert [row.mark for row in found[number]] == [row[column] for row in original]
        labels = [row.label for row in found[number]]
        assert all(row.against in labels for row in found[number] if row.mark)
    assert [row.against.split(":")[0] for row in found[1]] == ["", "v1", "v2", "v3", "v4"]
    assert {row.against for row in found[3]} == {"BioSIQNet", ""}
    marks = {row["cell_as_printed"] for row in printed("table5_significance")}
    assert marks == {"*-*-*-*"} and {row.mark for row in found[5]} == {"*"}


def printed(name):
    source = PUBLISHED / f"{name}.csv"
    if not source.exists():
        pytest.skip("the paper's tables are not beside the project")
    return list(csv.DictReader(source.read_text().splitlines()))


@pytest.mark.parametrize("model", ["sds-iqa", "sds-iqa-resnet50"])
def test_sds_iqa_s_numbers_are_those_of_the_paper(model):
    one, two, three, four = tables(model, Session())
    plcc = {row["dataset"]: float(row["plcc"]) for row in printed("sds_tab1_plcc_abstract")}
    assert {row.label: row.published for row in one.rows} == {
        f"SDS-IQA, {name}": {"plcc": value} for name, value in plcc.items()
    }
    expected = [
        float(row[column])
        for row in printed("sds_tab2_live_per_distortion")
        for column in ("jp2k", "jpeg", "wn", "gb", "ff")
    ]
    assert [row.published["srocc"] for row in two.rows] == expected
    assert {row.distortion for row in two.rows} == {name for name, _ in FOLDERS.values()}
    expected = [
        {"plcc": float(row[f"{name}_plcc"]), "srocc": float(row[f"{name}_srocc"])}
        for row in printed("sds_tab3_authentic")
        for name in ("livec", "koniq")
        if row[f"{name}_plcc"]
    ]
    assert [row.published for row in three.rows] == expected
    expected = [
        (f"tid2013:{name}", float(row[name]))
        for row in printed("sds_tab4_cross_srocc_train_tid2013")
        for name in ("live", "csiq", "livec", "koniq")
    ]
    assert [(row.datasets, row.published["srocc"]) for row in four.rows] == expected
    rows = [row for table in (one, two, three, four) for row in table.rows]
    assert {row.model for row in rows if row.label.startswith("SDS-IQA")} == {model}
    named = {name for row in rows for name in row.datasets.split(":")}
    assert named <= set(registry().datasets.cards)


@pytest.mark.parametrize(
    "table",
    [*tables("biosiqnet", Session()), *tables("sds-iqa", Session())],
    ids=lambda table: f"{table.number}-{table.title[:12]}",
)
def test_every_row_can_be_run_or_says_why_not(table, monkeypatch):
    """A row that promises a run names known options; what is unknown here is reported."""
    from iqabench.protocols import requests
    from iqabench.protocols.choices import Choices
    from iqabench.protocols.requests import resolve

    monkeypatch.setattr(requests, "require", lambda card: None)  # whatever is installed here
    for row in table.rows:
        assert row.model or row.why_absent
        try:
            registry().model(row.model)
        except IqabenchError:
            continue
        overrides = [f"a.{key}={value}" for key, value in row.options.items()]
        resolve(registry(), [f"a={row.model}"], overrides, Choices(init="random"))
