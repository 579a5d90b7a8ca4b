"""No file that a user gives, or that lies in a store or cache, runs code."""

import io
import os
import pickle
import sqlite3
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import iqabench as library
from iqabench import Session
from iqabench.contract.errors import IqabenchError
from iqabench.data import array_files
from iqabench.data.file_hashes import file_hashes
from iqabench.engine import checkpoints
from iqabench.kit.label_files import load
from iqabench.kit.weights import load_arrays, load_tensors
from iqabench.store import label_tables
from iqabench.store.sealed import read_sealed
from iqabench_saliency.files import read_map


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, ran):
        self.ran = ran

    def __reduce__(self):
        return os.mkdir, (str(self.ran),)


@pytest.fixture
def ran(tmp_path):
    """A folder that must not come to be."""
    place = tmp_path / "ran"
    pickle.loads(pickle.dumps(Planted(place)))
    assert place.is_dir()  # the trap works
    place.rmdir()
    yield place
    assert not place.exists()


def plain(ran):
    return pickle.dumps(Planted(ran))


def zipped(ran):
    """As torch writes it."""
    stream = io.BytesIO()
    torch.save({"weights": Planted(ran)}, stream)
    return stream.getvalue()


def objects(ran):
    """An array of objects in numpy's own form."""
    stream = io.BytesIO()
    np.save(stream, np.array([Planted(ran)], dtype=object), allow_pickle=True)
    return stream.getvalue()


def packed(ran):
    """Several arrays of objects in numpy's own form."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("weights.npy", objects(ran))
    return stream.getvalue()


FORMS = (plain, zipped, objects, packed)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("suffix", [".pth", ".pt", ".mat", ".safetensors", ".npz", ".npy"])
def test_weights(ran, tmp_path, form, suffix):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(form(ran))
    for read in (load_tensors, load_arrays):
        with pytest.raises(IqabenchError) as refused:
            read(path)
        assert str(path) in refused.value.message
        assert "\n" not in refused.value.message


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_checkpoints(ran, tmp_path, form):
    path = tmp_path / "last.ckpt"
    path.write_bytes(form(ran))
    assert not checkpoints.is_whole(path)
    with pytest.raises(checkpoints.DamagedError):
        checkpoints.CheckedFiles().load_checkpoint(path)
    checkpoints._write(path, memoryview(form(ran)))  # with the right checksum
    with pytest.raises(Exception, match=r"."):
        checkpoints.CheckedFiles().load_checkpoint(path)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_caches_and_records(ran, tmp_path, form):
    path = tmp_path / "abc"
    path.write_bytes(form(ran))
    assert array_files.read(path) is None
    assert read_sealed(path) is None
    path.rename(tmp_path / "set-abc.parquet")
    assert label_tables.problem(tmp_path / "set-abc.parquet")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("suffix", [".csv", ".mat", ".xlsx", ".json", ".txt", ".parquet", ".pkl"])
def test_label_files(ran, tmp_path, form, suffix):
    path = tmp_path / f"labels{suffix}"
    path.write_bytes(form(ran))
    with pytest.raises(IqabenchError):
        library.import_scores(path, model="mine", dataset="little", session=_session(tmp_path))
    with pytest.raises(IqabenchError):
        load(path)


def _session(folder):
    (folder / "set").mkdir(exist_ok=True)
    pd.DataFrame({"image": ["a.png"], "mos": [1.0]}).to_csv(folder / "set" / "l.csv", index=False)
    Image.new("RGB", (32, 32)).save(folder / "set" / "a.png")
    catalog = folder / "catalog.yaml"
    catalog.write_text(
        f"datasets:\n  little:\n    reader: csv\n    root: {folder / 'set'}\n    labels: l.csv\n"
        "    columns: {image: image, mos: mos}\n"
    )
    return Session(catalog, store=folder / "store")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("suffix", [".npy", ".mat", ".png"])
def test_saliency_maps(ran, tmp_path, form, suffix):
    path = tmp_path / f"map{suffix}"
    path.write_bytes(form(ran))
    with pytest.raises(IqabenchError, match=r"cannot read the map map\."):
        read_map(path, (8, 8))


def test_a_catalogue(ran, tmp_path):
    path = tmp_path / "catalog.yaml"
    path.write_text(f"datasets: !!python/object/apply:os.mkdir ['{ran}']\n")
    with pytest.raises(IqabenchError):
        _ = Session(path).catalog


def test_a_database_of_hashes(ran, tmp_path, monkeypatch):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path))
    (tmp_path / "a").write_bytes(b"content")
    (right,) = file_hashes([tmp_path / "a"])
    with sqlite3.connect(tmp_path / "hashes.sqlite") as connection:
        connection.execute("delete from hashed")
        planted = (str((tmp_path / "a").resolve()), "stamp", plain(ran), "seal")
        connection.execute("insert into hashed values (?,?,?,?)", planted)
    connection.close()
    assert file_hashes([tmp_path / "a"]) == [right]
    (tmp_path / "hashes.sqlite").write_bytes(plain(ran))
    assert file_hashes([tmp_path / "a"]) == [right]


def test_the_note_of_a_run(ran, iqabench, little, store, tmp_path):
    """A store from elsewhere may name a plugin that lies in it."""
    session = Session(little.catalog, store=store)
    library.run("piqe", "little", session=session)
    (found,) = session.store.runs()
    (store / "planted_note.py").write_text(f"import os\nos.mkdir({str(ran)!r})\n")
    plugin = (str(store / "planted_note.py"),)
    options = found.options.model_copy(update={"plugin": plugin})
    planted = found.model_copy(update={"options": options})
    session.store.save_run(planted)
    for words in ([planted.id], [planted.id, "-o", tmp_path / "exp.yaml"], []):
        code, _, told = iqabench("rerun", *words, "--store", store)
        assert code == (2 if words == [planted.id] else 0)
        assert code == 0 or told == [
            f"error: the run used the plugin {plugin[0]}, which is not loaded",
            f"hint: it is Python code: look at it, then add --plugin {plugin[0]}",
        ]
