import gzip

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from iqabench import Results, Session, import_scores, run
from iqabench.contract import DataError, UsageError
from iqabench.report.evaluations import groups

pytestmark = pytest.mark.usefixtures("toy")


@pytest.fixture
def dataset(little):
    """The small data set, read."""
    return Session(little.catalog).dataset(little.name)


@pytest.fixture
def scores(little, dataset, tmp_path):
    """Writes a scores file and imports it."""

    def bring(table, model="mine", store=None, **options):
        path = tmp_path / "scores.csv"
        path.write_text(table if isinstance(table, str) else table.to_csv(index=False))
        session = Session(little.catalog, store=store or tmp_path / "store")
        return import_scores(path, model, "little", session=session, **options)

    return bring


@pytest.fixture
def noisy(dataset):
    """Labels plus noise, as a scores table in another order."""
    table = dataset.table[["image"]].copy()
    noise = np.random.default_rng(0).normal(0, 0.5, len(table))
    table["score"] = dataset.table["quality"] + noise
    return table.sample(frac=1, random_state=0)


def parts(results, dataset, noisy):
    """Scores and labels of the test part of every repetition of the set's own protocol."""
    joined = dataset.table.merge(noisy, on="image")
    for evaluation in results.store.evaluations():
        if evaluation.contents is not None:
            part = joined[joined["content"].isin(evaluation.contents)]
            yield part["score"], part["quality"]


@pytest.mark.parametrize(("direction", "sign"), [("higher", 1), ("lower", -1)])
def test_imported_scores_are_judged_on_all_pictures(scores, dataset, noisy, direction, sign):
    noisy["score"] *= sign
    board = scores(noisy, direction=direction).leaderboard()
    assert len(board) == 1
    row = board.iloc[0]
    assert (row["model"], row["name"], row["train"], row["protocol"]) == (
        *("mine", "imported", "-", "all"),
    )
    counts = ("repetitions", "n", "tested", "contents", "coverage")
    assert [row[count] for count in counts] == [1, 36, 36, 9, 1]
    joined = dataset.table.merge(noisy, on="image")
    for metric, plain in (("srocc", stats.spearmanr), ("plcc", stats.pearsonr)):
        expected = sign * plain(joined["score"], joined["quality"]).statistic
        assert row[f"{metric}_mean"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("direction", "sign"), [("higher", 1), ("lower", -1)])
def test_imported_scores_are_also_judged_on_test_parts_that_are_asked_for(
    scores, dataset, noisy, direction, sign
):
    noisy["score"] *= sign
    results = scores(noisy, direction=direction, seeds=4)
    board = results.leaderboard().set_index("protocol", drop=False)
    assert set(board.index) == {"all", "hold-out"}
    row = board.loc["hold-out"]
    assert (row["model"], row["name"], row["train"], row["init"]) == ("mine", "imported", "-", "-")
    assert (row["repetitions"], row["coverage"], row["failed"]) == (4, 1, 0)
    for metric, plain in (
        ("srocc", stats.spearmanr),
        ("plcc", stats.pearsonr),
        ("krocc", stats.kendalltau),
    ):
        each = [sign * plain(*part).statistic for part in parts(results, dataset, noisy)]
        assert row[f"{metric}_mean"] == pytest.approx(np.mean(each), abs=1e-12)
        assert row[f"{metric}_mean"] > 0.5
    assert np.isnan(row["rmse_mean"])  # in nobody's units
    assert row["rmse_mapped_mean"] > 0


def test_file_names_match_where_they_are_unique(scores, dataset, noisy):
    by_path = scores(noisy, model="path").leaderboard()
    noisy["image"] = "elsewhere/" + noisy["image"]
    by_name = scores(noisy, model="name").leaderboard()
    assert by_name["srocc_mean"].tolist() == by_path["srocc_mean"].tolist()


def test_ambiguous_file_names_are_refused(tmp_path, little, noisy):
    """Two folders of pictures of one name: only whole paths will do."""
    root = tmp_path / "twins"
    lines = ["image,mos"]
    for number in range(4):
        for side in ("left", "right"):
            (root / side).mkdir(parents=True, exist_ok=True)
            picture = (little.root / f"c{number}_1.png").read_bytes()
            (root / side / f"{number}.png").write_bytes(picture)
            lines.append(f"{side}/{number}.png,{number}")
    (root / "scores.csv").write_text("\n".join(lines))
    catalog = tmp_path / "twins.yaml"
    catalog.write_text(f"datasets:\n  twins: {{reader: csv, root: {root}, labels: scores.csv}}\n")
    path = tmp_path / "mine.csv"

    def bring(text):
        path.write_text(text)
        session = Session(catalog, store=tmp_path / "store")
        return import_scores(path, "mine", "twins", session=session)

    with pytest.raises(DataError, match=r"'0\.png' is ambiguous in twins: ") as refused:
        bring("image,score\n0.png,1\n")
    assert refused.value.message.endswith(": left/0.png, right/0.png")
    assert refused.value.hint == "images are named as in left/0.png"
    assert bring("image,score\nleft/0.png,1\nright/0.png,2\n").leaderboard().shape[0] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "image,score\nc0_1.png,1\nnope.png,2\n",
            "scores.csv, line 3, column 'image': 'nope.png' is not in",
        ),
        ("image,score\nc0_1.png,1\nc0_1.png,2\n", "scores c0_1.png twice: lines 2 and 3"),
        ("image,score\nc0_1.png,1\nx/c0_1.png,2\n", "scores.csv scores c0_1.png twice"),
        (
            "image,score\nc0_1.png,1\nc0_2.png,good\n",
            "line 3, column 'score': 'good' is no finite number",
        ),
        ("image,score\nc0_1.png,\n", "scores.csv, line 2, column 'score': no score"),
        ("image,score\nc0_1.png,inf\n", "line 2, column 'score': 'inf' is no finite number"),
        ("name,value\nc0_1.png,1\n", "scores.csv lacks the columns image and score"),
        ("image,score\n", "scores.csv holds no scores"),
        ("", "cannot read .*scores.csv: .*"),
    ],
)
def test_bad_files_are_refused_and_nothing_is_stored(scores, tmp_path, text, message):
    with pytest.raises(DataError, match=message) as refused:
        scores(text)
    assert refused.value.hint
    assert not list((tmp_path / "store" / "evaluations").glob("*"))
    assert not list((tmp_path / "store" / "jobs").glob("*"))


@pytest.mark.parametrize("seeds", [0, -1])
def test_no_repetitions_are_refused(scores, noisy, seeds):
    with pytest.raises(UsageError, match="asks for no repetition"):
        scores(noisy, seeds=seeds)


def test_a_missing_file_is_bad_usage(little, iqabench, store, tmp_path):
    path, session = tmp_path / "no.csv", Session(little.catalog, store=store)
    with pytest.raises(UsageError, match="no file at"):
        import_scores(path, "mine", "little", session=session)
    code, _, error = iqabench(
        *("import", path, "--model", "mine", "--dataset", "little"),
        *("--store", store, "--catalog", little.catalog),
    )
    assert code == 2
    assert [line.partition(":")[0] for line in error] == ["error", "hint"]


def test_names_that_look_like_numbers_stay_names(little, tmp_path):
    """``007`` is a file's name, not seven."""
    root = tmp_path / "bare"
    root.mkdir()
    for number in range(3):
        picture = (little.root / f"c{number}_1.png").read_bytes()
        (root / f"00{number}").write_bytes(picture)
    (root / "scores.csv").write_text(
        "image,mos\n" + "".join(f"./00{number},{number}\n" for number in range(3))
    )
    catalog = tmp_path / "bare.yaml"
    catalog.write_text(f"datasets:\n  bare: {{reader: csv, root: {root}, labels: scores.csv}}\n")
    path = tmp_path / "mine.csv"
    path.write_text("image,score\n000,1\n001,2\n002,3\n")
    session = Session(catalog, store=tmp_path / "store")
    results = import_scores(path, "mine", "bare", seeds=1, session=session)
    assert results.leaderboard().iloc[0]["coverage"] == 1


def test_missing_images_lower_coverage(scores, dataset, noisy):
    stored = scores(noisy, model="whole", seeds=1).store.evaluations()
    contents = next(one.contents for one in stored if one.contents is not None)
    gone = dataset.table.loc[dataset.table["content"].isin(contents), "image"].iloc[0]
    results = scores(noisy[noisy["image"] != gone], model="holes", seeds=1)
    found = results.leaderboard().set_index("protocol")["coverage"].to_dict()
    assert found == {"all": 35 / 36, "hold-out": 7 / 8}  # 2 of 9 contents, 4 levels
    (record,) = [job.record for job in results.store.jobs() if "holes" in job.record.title]
    assert record.failed_images == 1
    stored = results.store.predictions(results.store.evaluations()[0].predict)
    assert len(stored) == len(dataset.table)


def test_a_partial_import_says_at_once_what_is_missing(
    little, dataset, noisy, tmp_path, store, iqabench
):
    path = tmp_path / "half.csv"
    given = ["import", path, "--model", "easy", "--dataset", "little"]
    given += ["--store", store, "--catalog", little.catalog]
    noisy[:16].to_csv(path, index=False)
    code, printed, said = iqabench(*given)
    assert code == 0
    assert "20 of 36 pictures of little have no score" in said
    assert "easy scored 16 of 36 pictures of little (all)" in "\n".join([printed, *said])
    noisy.to_csv(path, index=False)
    assert not any("no score" in line for line in iqabench(*given)[2])


def test_a_set_too_small_to_split_can_be_imported(scores, noisy, monkeypatch):
    """All of its pictures need no split."""
    from iqabench.protocols import imports

    monkeypatch.setattr(imports, "parts_of", None)
    assert len(scores(noisy).leaderboard()) == 1


def test_imports_and_runs_join_one_table(scores, little, dataset, noisy, store):
    run("toy-estimator", "little", seeds=2, session=Session(little.catalog, store=store))
    scores(noisy, store=store)
    everything = Results(Session(store=store))
    assert set(everything.leaderboard()["model"]) == {"mine", "toy-estimator"}
    pair = everything.differences()
    assert len(pair) == 1
    row = pair.iloc[0]
    board = everything.leaderboard()
    assert len(board) == 3
    means = board[board["protocol"] == row["protocol"]].set_index("model")["srocc_mean"]
    assert row["difference"] == pytest.approx(means[row["a"]] - means[row["b"]], abs=1e-12)


def test_scores_of_pristine_pictures_are_kept_and_judge_nothing(scores, dataset, noisy):
    plain = scores(noisy, "plain").leaderboard().iloc[0]
    pristine = pd.DataFrame({"image": ["c0.png", "c3.png"], "score": [9.0, 8.0]})
    results = scores(pd.concat([noisy, pristine]), "more")
    row = results.leaderboard().iloc[0]
    metrics = [name for name in row.index if name.startswith(("srocc", "plcc", "coverage"))]
    assert row[metrics].equals(plain[metrics])
    stored = results.store.predictions(results.store.evaluations()[0].predict)
    assert list(stored["image"][36:]) == ["c0.png", "c3.png"]
    (group,) = (found for found in groups(results.store) if found.record.label == "more")
    for frame, found in zip(group.repetitions(), group.references(), strict=True):
        tested = {"c0.png": 9.0, "c3.png": 8.0}.items()
        expected = {name: score for name, score in tested if name in set(frame["reference"])}
        assert dict(zip(found["image"], found["prediction"], strict=True)) == expected


@pytest.fixture
def bring(iqabench, little, store, tmp_path):
    """Imports a file from the command line: exit code, and the lines on standard error."""

    def command(content, *words, name="scores.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        code, _, said = iqabench(
            *("import", path, "--model", "mine", "--dataset", "little", "--seeds", 1),
            *("--store", store, "--catalog", little.catalog, *words),
        )
        return code, said

    return command


def stored(store):
    """Every stored prediction, by image."""
    (job,) = Results(Session(store=store)).store.jobs()
    table = Results(Session(store=store)).store.predictions(job.fingerprint)
    return table.set_index("image")["prediction"].dropna().to_dict()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("image,score\nc0_1.png,1.5\n,\nc1_2.png,2\n", ()),
        ("image;score\nc0_1.png;1,5\nc1_2.png;2\n", ()),
        ("r c0_1.png 1.5\nr c1_2.png 2\n", ("--columns", "image=2,score=3")),
        (
            '[{"f": "c0_1.png", "p": 1.5}, {"f": "c1_2.png", "p": 2}]',
            ("--columns", "image=f,score=p"),
        ),
        (gzip.compress(b"image,score\nc0_1.png,1.5\nc1_2.png,2\n", mtime=0), ()),
        ("image,score,score\nc0_1.png,1.5,9\nc1_2.png,2,9\n", ("--columns", "score=2")),
    ],
)
def test_files_of_every_kind_give_their_pictures_their_scores(bring, store, content, words):
    assert bring(content, *words)[0] == 0
    assert stored(store) == {"c0_1.png": 1.5, "c1_2.png": 2}


def test_a_line_says_that_names_were_not_given_in_full(bring, little, store):
    code, said = bring("image,score\nsomewhere\\\\c0_1.png,1\nc1_2.png,2\n".replace("\\\\", "\\"))
    assert code == 0
    assert any("1 of 2 images were found by the endings of their paths" in line for line in said)
    assert stored(store) == {"c0_1.png": 1, "c1_2.png": 2}
    code, said = bring(f"image,score\n{little.root}/c0_1.png,1\n")
    assert (code, [line for line in said if "found by" in line]) == (0, [])


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (
            "image,score\nc0_1.png,1\n\nother/c0_9.png,2\n",
            (),
            "line 4, column 'image': 'other",
        ),
        ("image,score,score\nc0_1.png,1,2\n", (), "has 2 columns 'score': columns 2 and 3"),
        ("image,score\nnull,1\n", (), "line 2, column 'image': 'null' is not in little"),
        ("image,score\n,1\n", (), "line 2, column 'image': no image"),
        (
            gzip.compress(b"image,score\nc0_1.png,1\n" * 99, mtime=0)[:-9],
            (),
            "scores.csv is cut off",
        ),
        ("r c0_1.png 1.5\n", (), "lacks the columns image and score"),
        ("image,score\nc0_1.png,1\n", ("--columns", "image=7"), "has no column 7"),
        ("image,score\nc0_1.png,1\n", ("--columns", "mos=2"), "'mos=2' names no column"),
        ("image,score\nc0_1.png,1\n", ("--columns", "image=1,image=2"), "image twice"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_a_hint(bring, store, content, words, message):
    code, said = bring(content, *words)
    assert code == 2
    assert [line.partition(": ")[0] for line in said[-2:]] == ["error", "hint"]
    assert message in said[-2]
    assert not list(store.glob("jobs/*"))


def test_the_end_of_a_file_is_no_interruption(iqabench, monkeypatch):
    """click takes EOFError for the end of what is typed."""

    def cut(**_):
        raise EOFError("Compressed file ended")

    monkeypatch.setattr("iqabench.list_models", cut)
    code, _, said = iqabench("models")
    assert code == 2
    assert said[-2] == "error: a file is cut off: Compressed file ended"
