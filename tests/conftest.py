"""Fixtures for every test: private places on disk, and a small real data set."""

from __future__ import annotations

import http.server
import importlib
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from iqabench.cli import main
from iqabench.registry import registry

CONTENTS, LEVELS, SIZE = 9, (1, 2, 3, 4), (96, 80)
pytest_plugins = ("durations",)


@pytest.fixture(autouse=True, scope="session")
def no_loss_of_power():
    """Tests wait for no disk: what is to outlast a loss of power is written thousands of times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory):
    """A cache for the whole session. Built-in sets, which take long to make, lie in one place for
    all processes that test at once.
    """
    base = tmp_path_factory.getbasetemp()
    sets = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built-in-sets"
    sets.mkdir(exist_ok=True)
    cache = tmp_path_factory.mktemp("cache")
    (cache / "datasets").symlink_to(sets)
    return cache


@pytest.fixture(scope="session")
def small_demo(session_places):
    """The root of the built-in set, its pictures much reduced, where the program looks for it.

    At full size it takes minutes to make.
    """
    from iqabench import Session
    from iqabench_datasets import demo

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "LONG_SIDE", 160)
        return Session().dataset("demo").root


def _keep_out(patch, cache, private):
    """Point every place of the user's to folders of the tests."""
    patch.setenv("IQABENCH_CACHE", str(cache))
    patch.setenv("IQABENCH_CONFIG", str(private / "config"))
    patch.setenv("IQABENCH_WEIGHTS", str(private / "weights"))
    patch.setenv("XDG_DATA_HOME", str(private / "data"))
    patch.setenv("TORCH_HOME", str(private / "torch"))
    patch.setenv("HF_HUB_CACHE", str(private / "hub"))
    patch.delenv("IQABENCH_DATA", raising=False)
    patch.delenv("IQABENCH_STORE", raising=False)


@pytest.fixture(autouse=True, scope="session")
def session_places(session_cache, tmp_path_factory):
    """No fixture that serves several tests reads or writes the user's own folders."""
    with pytest.MonkeyPatch.context() as patch:
        _keep_out(patch, session_cache, tmp_path_factory.mktemp("places"))
        yield


@pytest.fixture(autouse=True)
def places(session_places, session_cache, tmp_path_factory, monkeypatch):
    """No test reads or writes the user's own folders, nor those of another test."""
    _keep_out(monkeypatch, session_cache, tmp_path_factory.mktemp("places"))


@pytest.fixture(scope="module")
def one_thread():
    """Threads that wait for each other make small networks slow on a busy machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def toy(monkeypatch):
    """``toy_plugin`` for the length of a test, registered as an installed one would be."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    plugin = importlib.import_module("toy_plugin")
    registry().register(plugin, "toy")
    yield plugin
    for shelf in (registry().models, registry().datasets, registry().saliency):
        shelf.remove_plugin("toy")
    del registry().plugins["toy"]


@dataclass(frozen=True)
class Little:
    """A data set on disk and the catalogue that names it."""

    root: Path
    catalog: Path
    name: str = "little"


@pytest.fixture(scope="session")
def little_files(tmp_path_factory):
    """9 contents at 4 levels, 96x80: odd levels blurred, even ones noisy, strength rising."""
    root = tmp_path_factory.mktemp("little")
    random = np.random.default_rng(0)
    lines = ["file,score,original,kind,strength"]
    for content in range(CONTENTS):
        photo = (data.astronaut, data.coffee)[content % 2]()
        top, left = 30 + 30 * content, 20 + 35 * content
        crop = photo[top : top + SIZE[1], left : left + SIZE[0]]
        Image.fromarray(crop).save(root / f"c{content}.png")
        for level in LEVELS:
            kind = "noise" if level % 2 == 0 else "blur"
            name, score = f"c{content}_{level}.png", 5 - level + random.normal(0, 0.1)
            _worse(crop, kind, level, random).save(root / name)
            lines.append(f"{name},{score:.3f},c{content}.png,{kind},{level}")
    (root / "scores.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def little(little_files, tmp_path):
    """The small data set, called ``little``; its files are shared, so write none below its root."""
    return _little(little_files, tmp_path)


@pytest.fixture(scope="module")
def shared_little(little_files, tmp_path_factory):
    """The same for a fixture that serves the tests of a file; write no other catalogue there."""
    return _little(little_files, tmp_path_factory.mktemp("shared"))


def _little(files, folder):
    catalog = folder / "catalog.yaml"
    catalog.write_text(
        "datasets:\n"
        "  little:\n"
        "    reader: csv\n"
        f"    root: {files}\n"
        "    labels: scores.csv\n"
        "    columns: {image: file, mos: score, reference: original, distortion: kind,"
        " level: strength}\n"
    )
    return Little(files, catalog)


@pytest.fixture
def store(tmp_path):
    """A place for results; nothing is there yet."""
    return tmp_path / "store"


@pytest.fixture
def iqabench(monkeypatch, capsys):
    """Runs the program; returns its exit code, what it printed, and the lines of its complaint."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["iqabench", *map(str, words)])
        try:
            code = main()
        except SystemExit as leave:
            code = leave.code
        printed = capsys.readouterr()
        return code or 0, printed.out, printed.err.splitlines()

    return run


@pytest.fixture
def hub():
    """A server of files by name; ``hub.manner`` says how it answers, ``hub.asked`` what it was.

    ``hub.paths`` are the names it was asked for, and ``hub.refused`` the names to which it answers
    with a status and headers.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/")
            content = served.files.get(name)
            served.asked.append(self.headers.get("Range"))
            served.paths.append(name)
            if name in served.refused:
                status, headers = served.refused[name]
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.end_headers()
                return
            if content is None:
                self.send_error(404)
                return
            start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
            if served.manner == "no ranges":
                start = 0
            if start and start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                first = start + (served.manner == "another range")
                self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/*")
            if served.manner != "no length":
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            half = len(content) // 2 if served.manner == "breaks off" else len(content)
            self.wfile.write(content[start : max(half, start)])

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
        served.files, served.asked, served.manner = {}, [], "well"
        served.paths, served.refused = [], {}
        served.url = f"http://127.0.0.1:{served.server_port}"
        yield served
        served.shutdown()


def _worse(crop, kind, level, random):
    if kind == "blur":
        return Image.fromarray(crop).filter(ImageFilter.GaussianBlur(0.6 * level))
    noisy = crop + random.normal(0, 8 * level, crop.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).round().astype(np.uint8))
