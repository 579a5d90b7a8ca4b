import pytest

from iqabench.api import session as module
from iqabench.api.session import Session
from iqabench.contract.progress import Silent
from iqabench.engine.device import slow_bf16
from iqabench.protocols.choices import Choices

WITH = "processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 amx_tile\n"
WITHOUT = "processor\t: 0\nflags\t\t: fpu avx2 avx512f\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\n"


@pytest.mark.parametrize(
    ("text", "device", "precision", "told"),
    [
        (WITHOUT, "cpu", "bf16", True),
        (WITHOUT, "cpu", "fp32", False),
        (WITHOUT, "cuda", "bf16", False),
        (WITH, "cpu", "bf16", False),
        (ARM, "cpu", "bf16", False),
        ("processor\t: 0\n", "cpu", "bf16", False),
    ],
)
def test_bf16_is_said_to_be_slow_where_the_processor_has_no_units_for_it(
    tmp_path, text, device, precision, told
):
    (tmp_path / "cpuinfo").write_text(text)
    line = slow_bf16(device, precision, tmp_path / "cpuinfo")
    assert ("will be slower" in line) == told


def test_where_nothing_tells_nothing_is_said(tmp_path):
    assert slow_bf16("cpu", "bf16", tmp_path / "absent") == ""


def test_a_session_says_it_once(monkeypatch):
    lines = []
    watch = Silent()
    watch.say = lines.append
    monkeypatch.setattr(module, "slow_bf16", lambda device, precision: f"{device} {precision}")
    session = Session(device="cpu", precision="bf16", watch=watch)
    for _ in range(2):
        session.requests(["piqe"], [], Choices())
    assert lines == ["cpu bf16"]
