import hashlib
import http.server
import pickle
import socket
import sys
import threading
import time

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.io import savemat

from iqabench.contract import WeightsCard, WeightsError
from iqabench.kit.places import weights_dir
from iqabench.kit.weights import load_arrays, load_tensors, resolve

BYTES = b"not really weights"
SHA256 = hashlib.sha256(BYTES).hexdigest()


def card(**fields):
    return WeightsCard(**{"name": "w", "filename": "w.bin", "sha256": SHA256, **fields})


def put(content=BYTES, name="w.bin"):
    weights_dir().mkdir(parents=True, exist_ok=True)
    path = weights_dir() / name
    path.write_bytes(content)
    return path


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package that ships the file."""
    folder = tmp_path / "shipping_package" / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "w.bin").write_bytes(BYTES)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "shipping_package:models/w.bin"


@pytest.fixture
def server():
    """A hub: answers ``/good``, cuts ``/short`` off, breaks ``/broken`` and knows nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path == "/broken":
                self.wfile.write(b"no such protocol\r\n\r\n")
                return
            if self.path not in ("/good", "/short"):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(BYTES)))
            self.end_headers()
            self.wfile.write(BYTES[:5] if self.path == "/short" else BYTES)

        def log_message(self, *arguments):
            pass

    asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as hub:
        threading.Thread(target=hub.serve_forever, args=(0.02,), daemon=True).start()
        hub.url = f"http://127.0.0.1:{hub.server_port}"
        hub.asked = asked
        yield hub
        hub.shutdown()


def test_a_file_comes_first_then_a_package_then_the_hub(package, server, tmp_path):
    everywhere = card(package=package, url=f"{server.url}/good")
    shipped = resolve(everywhere)
    assert shipped == tmp_path / "shipping_package" / "models" / "w.bin"
    assert "shipping_package" not in sys.modules
    place = put()
    assert resolve(everywhere) == place
    assert server.asked == []
    place.unlink()
    assert resolve(card(url=f"{server.url}/good", package="no_such_package:w.bin")) == place
    assert place.read_bytes() == BYTES
    assert resolve(card(url=f"{server.url}/good")) == place
    assert server.asked == ["/good"]  # fetched once


def test_the_start_of_a_checksum_is_enough():
    place = put()
    assert resolve(card(sha256=SHA256[:8])) == place


def test_a_wrong_checksum_is_refused():
    path = put(b"something else")
    with pytest.raises(WeightsError, match="is not what 'w' names: sha256 ") as refused:
        resolve(card())
    assert str(path) in refused.value.message
    assert refused.value.hint


def test_a_wrong_download_is_refused_and_not_kept(server):
    with pytest.raises(WeightsError, match="is not what 'w' names"):
        resolve(card(url=f"{server.url}/good", sha256="0" * 64))
    assert list(weights_dir().iterdir()) == []


@pytest.mark.parametrize("sha256", ["", SHA256])
def test_a_download_cut_short_is_refused_and_not_kept(server, sha256):
    with pytest.raises(WeightsError):
        resolve(card(url=f"{server.url}/short", sha256=sha256))
    assert list(weights_dir().iterdir()) == []


@pytest.mark.parametrize("page", ["missing", "broken"])
def test_a_hub_that_errs(server, page):
    with pytest.raises(WeightsError, match="cannot be reached"):
        resolve(card(url=f"{server.url}/{page}"))


def test_a_weights_folder_that_cannot_be_written(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("IQABENCH_WEIGHTS", str(tmp_path / "file" / "weights"))
    with pytest.raises(WeightsError):
        resolve(card(url=f"{server.url}/good"))


def test_weights_that_are_nowhere():
    with pytest.raises(WeightsError, match="weights 'w' are not on this machine") as refused:
        resolve(card())
    assert refused.value.hint == (
        f"put w.bin (sha256 {SHA256}) into {weights_dir()}, or use --init random"
    )


@pytest.mark.parametrize("how", ["silent", "refused", "unknown", "unroutable"])
def test_offline_answers_at_once_in_one_line(how):
    with socket.socket() as quiet:
        quiet.bind(("127.0.0.1", 0))
        port = quiet.getsockname()[1]
        if how == "silent":  # connects and says nothing
            quiet.listen()
        host = {"unknown": "no-such-host.invalid", "unroutable": "10.255.255.1"}.get(how)
        url = f"http://{host}/w.bin" if host else f"http://127.0.0.1:{port}/w.bin"
        start = time.perf_counter()
        with pytest.raises(WeightsError) as refused:
            resolve(card(url=url))
        assert time.perf_counter() - start < 3.5
    assert f"{url} cannot be reached" in refused.value.message
    assert "\n" not in refused.value.message + refused.value.hint


TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "b": torch.tensor(3)}


def assert_tensors(found):
    assert found.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(found[name], tensor)


@pytest.mark.parametrize("wrap", [None, "params", "state_dict", "model"])
def test_torch_files(tmp_path, wrap):
    path = tmp_path / "w.pth"
    torch.save(TENSORS if wrap is None else {wrap: TENSORS, "epoch": 4}, path)
    tensors, metadata = load_tensors(path)
    assert_tensors(tensors)
    assert metadata is None


def test_safetensors_keep_their_metadata(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(TENSORS, path, {"scale": "[1, 5]"})
    tensors, metadata = load_tensors(path)
    assert_tensors(tensors)
    assert metadata == {"scale": "[1, 5]"}


def test_arrays_of_an_estimator(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(TENSORS, path, {"scale": "[1, 5]"})
    arrays, metadata = load_arrays(path)
    assert_tensors({name: torch.tensor(array) for name, array in arrays.items()})
    assert metadata == {"scale": "[1, 5]"}


@pytest.mark.parametrize("packed", [True, False])
def test_arrays_of_a_matlab_file(tmp_path, packed):
    path, matrix = tmp_path / "w.mat", np.arange(6.0).reshape(2, 3)
    savemat(path, {"mu": matrix[0], "cov": matrix}, do_compression=packed)
    arrays, metadata = load_arrays(path)
    assert arrays.keys() == {"mu", "cov"}
    np.testing.assert_array_equal(arrays["mu"], matrix[:1])  # MATLAB knows no vectors
    np.testing.assert_array_equal(arrays["cov"], matrix)
    assert metadata is None


class Code:
    """Touches a file when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_code_is_not_run(tmp_path, writer):
    path, touched = tmp_path / "w.pth", tmp_path / "touched"
    if writer == "torch":
        torch.save({"state_dict": TENSORS, "extra": Code(touched)}, path)
    else:
        path.write_bytes(pickle.dumps({"extra": Code(touched)}, protocol=2))
    with pytest.raises(WeightsError, match="holds more than tensors") as refused:
        load_tensors(path)
    assert not touched.exists()
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (load_tensors, "w.safetensors"),
        (load_tensors, "w.pth"),
        (load_arrays, "w.safetensors"),
        (load_arrays, "w.mat"),
    ],
)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        b"plain garbage\n" * 99,
        b"\x80\x02no pickle",
        b"PK\3\4",
        None,
    ],
)
def test_files_that_are_no_weights(tmp_path, load, name, content):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError) as refused:
        load(path)
    begins = f"cannot read weights {path}" if content is None else f"{path} is no weights file"
    assert refused.value.message.startswith(begins)
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("kept", [60, 150, 300])
def test_a_matlab_file_cut_short(tmp_path, kept):
    path = tmp_path / "w.mat"
    savemat(path, {"cov": np.arange(100.0).reshape(10, 10)})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match="is no weights file"):
        load_arrays(path)


@pytest.mark.parametrize("stored", [torch.zeros(3), [torch.zeros(3)], {"epoch": 4}])
def test_torch_files_without_a_state_dict(tmp_path, stored):
    path = tmp_path / "w.pth"
    torch.save(stored, path)
    with pytest.raises(WeightsError):
        load_tensors(path)


def test_damaged_matlab_files_are_read_or_refused(tmp_path):
    """``scipy.io.loadmat`` crashes on some of these."""
    path, random = tmp_path / "w.mat", np.random.default_rng(0)
    for number in range(200):
        savemat(path, {"cov": np.arange(100.0).reshape(10, 10)}, do_compression=bool(number % 2))
        content = bytearray(path.read_bytes())
        for place in random.integers(len(content), size=random.integers(1, 6)):
            content[place] ^= 1 << random.integers(8)
        path.write_bytes(content[: random.integers(1, len(content) + 1)] if number % 3 else content)
        try:
            load_arrays(path)
        except WeightsError as error:
            assert "\n" not in error.message
