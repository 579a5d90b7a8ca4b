"""The command line. It parses arguments and prints results; the public API does all other work.

A command's module is imported only when the command is called, so ``iqabench --help`` is fast.
"""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

import click

from iqabench.cli.complaints import complain
from iqabench.cli.lazy import LazyGroup

COMMANDS = {
    "run": "Fit and test models under one protocol; print the leaderboard.",
    "rerun": "List the runs of a store, run one again, or write its options to a file.",
    "score": "Score any pictures with published, local or trained weights.",
    "export": "Write a network as an ONNX file, which scores without torch.",
    "explain": "Draw what a network looks at.",
    "leaderboard": "Print the leaderboard of a store.",
    "compare": "Test which of two models is better; print a win matrix and sentences.",
    "diff": "Show why two results differ.",
    "predictions": "Print or write every stored prediction beside its label.",
    "ranks": "Rank models over test sets: Friedman, Iman-Davenport, Nemenyi.",
    "raters": "Judge models beside the raters' own scatter: ceiling, outliers, pairs.",
    "figures": "Draw a store's results for a paper.",
    "report": "Write one HTML page of a store: tables, charts, pictures.",
    "waterloo": "Test models without human scores: D-, L- and P-test.",
    "models": "List the models, or show one.",
    "datasets": "List the data sets; show, verify, add, fetch, split or synthesize one.",
    "saliency": "List the saliency providers; show, evaluate or clear their maps.",
    "study": "Compare variants of one model: ablation, placement, cost, saliency, ...",
    "reproduce": "Measure a table of published results again, beside the printed numbers.",
    "show": "List the jobs of a store, or show what one did and how it ended.",
    "results": "List, remove or merge results.",
    "store": "Look after the files of a store: upgrade.",
    "import": "Bring in scores made elsewhere.",
    "plugin": "Begin a plugin of your own: new.",
    "check": "Check that a plugin's model, data set or provider keeps the contract.",
    "completion": "Print a script that completes commands in bash, zsh or fish.",
    "doctor": "Report versions, devices, caches, weights and plugins that failed to load.",
}


OBJECTS = 100_000
"""New objects between two searches for garbage that refers to itself. After Python's own 700 a plan
of thousands of jobs, none of which is garbage, would spend a sixth of its time in searches."""


@click.group(
    cls=LazyGroup,
    commands_help=COMMANDS,
    package="iqabench.cli",
    modules={"import": "iqabench.cli.imports"},
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="iqabench")
def cli(debug: bool) -> None:
    """Honest evaluation of no-reference image quality models."""


def main() -> None:
    """Run the command line; exit codes: 0 success, 1 some jobs failed, 2 error, 130 interrupted.

    With ``--debug`` an error is raised, so that Python shows its traceback.
    """
    gc.set_threshold(OBJECTS)
    try:
        code = cli.main(standalone_mode=False)  # click returns the code of an Exit
        sys.exit(code if isinstance(code, int) else 0)
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error.__cause__, EOFError):  # click takes the end of any file for Ctrl-D
            _fail(error.__cause__)
        click.echo("interrupted; finished jobs are kept, run again to go on", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    if "--debug" in sys.argv:
        raise error
    complain(error)
    sys.exit(2)
