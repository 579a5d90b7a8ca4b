import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_the_program(iqabench, shell):
    code, printed, _ = iqabench("completion", shell)
    assert code == 0
    assert f"_IQABENCH_COMPLETE={shell}_complete" in printed and "iqabench" in printed


def test_another_shell_is_refused(iqabench):
    assert iqabench("completion", "tcsh")[0] == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [("iqabench lead", "leaderboard"), ("iqabench leaderboard --so", "--sort")],
)
def test_the_program_answers(words, expected):
    asked = {"_IQABENCH_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "1"}
    asked["COMP_CWORD"] = str(words.count(" "))
    code = "import sys; sys.argv[0] = 'iqabench'; from iqabench.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True
    )
    assert f"plain,{expected}" in done.stdout, done.stderr
