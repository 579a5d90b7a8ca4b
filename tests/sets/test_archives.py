import io
import stat
import tarfile
import zipfile

import numpy as np
import pytest

from iqabench.contract import DataError
from iqabench.sets import archives
from iqabench.sets.archives import unpack

FILES = {"images/a.png": b"a" * 3000, "images/deep/b.png": b"b", "labels.csv": b"image,mos\n"}
FORMS = ["set.zip", "set.tar", "set.tar.gz", "set.tgz", "set.tar.bz2", "set.tar.xz"]


def pack(path, files):
    """A zip or tar archive; a value that is no bytes is a ready-made TarInfo or ZipInfo."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in files.items():
                if isinstance(content, bytes):
                    packed.writestr(name, content)
                else:
                    packed.writestr(content, b"target")
        return path
    form = {"": "", ".tar": "", ".tgz": "gz"}.get(path.suffix, path.suffix[1:])
    with tarfile.open(path, f"w:{form}") as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(name) if isinstance(content, bytes) else content
            if isinstance(content, bytes):
                info.size = len(content)
            packed.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return path


def found(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("form", FORMS)
def test_whole_archives(tmp_path, form):
    ticks = []
    unpack(pack(tmp_path / form, FILES), tmp_path / "root", lambda *what: ticks.append(what))
    assert found(tmp_path / "root") == FILES
    assert ticks == [(done, 3, "unpacking") for done in (1, 2, 3)]
    assert sorted(child.name for child in tmp_path.iterdir()) == ["root", form]
    (tmp_path / "plain").mkdir()
    modes = [(tmp_path / name).stat().st_mode for name in ("root", "plain")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize("form", ["set.zip", "set.tar.gz"])
@pytest.mark.parametrize("prefix", ["kadid10k/", "./kadid10k/"])
def test_a_single_folder_becomes_the_root(tmp_path, form, prefix):
    packed = {prefix + name: content for name, content in FILES.items()}
    unpack(pack(tmp_path / form, packed), tmp_path / "root")
    assert found(tmp_path / "root") == FILES


def test_an_empty_folder_may_be_there_and_nothing_else(tmp_path):
    archive = pack(tmp_path / "set.zip", FILES)
    (tmp_path / "root").mkdir()
    unpack(archive, tmp_path / "root")
    before = found(tmp_path / "root")
    with pytest.raises(OSError):
        unpack(pack(tmp_path / "other.zip", {"x": b"y", "z": b"y"}), tmp_path / "root")
    assert found(tmp_path / "root") == before


def tar_member(kind, target="a"):
    info = tarfile.TarInfo("evil")
    info.type, info.linkname = kind, target
    return info


def zip_link():
    info = zipfile.ZipInfo("evil")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("form", "evil", "words"),
    [
        *(
            (form, {name: b"x"}, "reaches outside itself")
            for form in ("set.zip", "set.tar")
            for name in ("/etc/x", "../x", "a/../../x", "..\\x", "C:/x", "a\\b")
        ),
        ("set.tar", {"evil": tar_member(tarfile.SYMTYPE)}, "link or device"),
        ("set.tar", {"evil": tar_member(tarfile.LNKTYPE, "labels.csv")}, "link or device"),
        ("set.tar", {"evil": tar_member(tarfile.CHRTYPE)}, "link or device"),
        ("set.tar", {"evil": tar_member(tarfile.BLKTYPE)}, "link or device"),
        ("set.tar", {"evil": tar_member(tarfile.FIFOTYPE)}, "link or device"),
        ("set.zip", {"evil": zip_link()}, "link or device"),
    ],
)
def test_what_could_do_harm_is_refused_and_nothing_is_left(tmp_path, form, evil, words):
    (tmp_path / "inner").mkdir()
    archive = pack(tmp_path / form, {**FILES, **evil})
    with pytest.raises(DataError, match=words):
        unpack(archive, tmp_path / "inner" / "root")
    assert list((tmp_path / "inner").iterdir()) == []
    assert sorted(child.name for child in tmp_path.iterdir()) == ["inner", form]


@pytest.mark.parametrize("form", ["set.zip", "set.tar.gz"])
def test_an_archive_that_grows_too_much_is_refused(tmp_path, monkeypatch, form):
    monkeypatch.setattr(archives, "ALLOWANCE", 5000)
    archive = pack(tmp_path / form, {f"{number}": bytes(20_000) for number in range(10)})
    assert archive.stat().st_size * archives.GROWTH < 200_000
    with pytest.raises(DataError, match="unpacks to more than") as refused:
        unpack(archive, tmp_path / "root")
    assert "20 times" in refused.value.hint
    assert [child.name for child in tmp_path.iterdir()] == [form]


def test_empty_files_are_not_free(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ALLOWANCE", 100_000)
    archive = pack(tmp_path / "set.tar.xz", {f"{number}": b"" for number in range(100)})
    assert archive.stat().st_size * archives.GROWTH < 100 * 4096
    with pytest.raises(DataError, match="unpacks to more than"):
        unpack(archive, tmp_path / "root")


def test_a_small_archive_may_grow_to_the_allowance(tmp_path):
    archive = pack(tmp_path / "set.zip", {"zeros": bytes(2_000_000), "x": b""})
    assert archive.stat().st_size * archives.GROWTH < 2_000_000
    unpack(archive, tmp_path / "root")
    assert (tmp_path / "root" / "zeros").stat().st_size == 2_000_000


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_that_was_cut_off(tmp_path, form):
    random = np.random.default_rng(0)
    archive = pack(tmp_path / form, {"a": random.bytes(50_000), "b": random.bytes(50_000)})
    archive.write_bytes(archive.read_bytes()[:60_000])
    with pytest.raises(DataError, match=r"is cut off|unexpected end"):
        unpack(archive, tmp_path / "root")
    assert [child.name for child in tmp_path.iterdir()] == [form]


def test_a_zip_whose_contents_changed(tmp_path):
    archive = pack(tmp_path / "set.zip", {"a": np.random.default_rng(0).bytes(5000)})
    whole = archive.read_bytes()
    archive.write_bytes(whole[:2000] + b"changed" + whole[2007:])
    with pytest.raises(DataError, match="is damaged"):
        unpack(archive, tmp_path / "root")
    assert [child.name for child in tmp_path.iterdir()] == ["set.zip"]


def test_a_zip_with_a_password(tmp_path):
    archive = pack(tmp_path / "set.zip", {"a": b"x"})
    raw = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + offset] |= 1
    archive.write_bytes(raw)
    with pytest.raises(DataError, match="password"):
        unpack(archive, tmp_path / "root")


def test_no_archive(tmp_path):
    (tmp_path / "tid2013.rar").write_bytes(b"Rar!\x1a\x07\x00 and more")
    with pytest.raises(DataError, match=r"tid2013\.rar is neither zip nor tar"):
        unpack(tmp_path / "tid2013.rar", tmp_path / "root")


def test_a_disk_that_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda place: type("Usage", (), {"free": 9}))
    with pytest.raises(DataError, match="of disk"):
        unpack(pack(tmp_path / "set.zip", FILES), tmp_path / "root")
    assert not (tmp_path / "root").exists()
