"""Runs checks one after the other; each ends in one finding with one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from iqabench.contract.errors import IqabenchError
from iqabench.kit.foreign import guarded
from iqabench.kit.weights import nothing_fetched
from iqabench.testing.watching import Watch

SECONDS = 120.0
"""A check that takes longer has failed."""
Result = Literal["pass", "fail", "not applicable"]
PASS: Result = "pass"
FAIL: Result = "fail"
SKIP: Result = "not applicable"

Act = Callable[[], str | None]
"""A check: returns a remark or nothing; raises Broken or NotApplicable."""
Check = tuple[str, Act]
"""Its name, and what it does."""


class Broken(Exception):
    """The plugin does not keep the contract; the message is the sentence that users see."""


class NotApplicable(Exception):
    """The check says nothing of this plugin; the message is the reason."""


@dataclass(frozen=True)
class Finding:
    """How one check ended."""

    subject: str
    """Such as ``model my-model``."""
    check: str
    result: Result
    sentence: str
    """What is wrong, why the check does not apply, or a remark; may be empty if it passed."""

    @property
    def failed(self) -> bool:
        """Whether the plugin breaks the contract."""
        return self.result == FAIL


def findings(subject: str, checks: Iterable[Check], watch: Watch) -> Iterator[Finding]:
    """Run checks; nothing is downloaded, and each is ended after :data:`SECONDS`.

    After a check that hung, the others are not tried: what hangs goes on in this process.

    Args:
        subject: what is checked.
        checks: the checks, in order. A generator may leave out what an earlier check forbids.
        watch: notes what the plugin asks of the network and which files it writes.
    """
    stopped = False
    for name, act in checks:
        if stopped:
            yield Finding(subject, name, SKIP, "not tried, since an earlier check hung")
        else:
            found, stopped = _tried(subject, name, act, watch)
            yield found


def _tried(subject: str, name: str, act: Act, watch: Watch) -> tuple[Finding, bool]:
    """How a check ended, and whether it had to be left behind."""

    def watched() -> str | None:
        with watch.watching(), nothing_fetched():
            return act()

    hung = False
    try:
        return Finding(subject, name, PASS, guarded(watched, SECONDS) or ""), False
    except NotApplicable as reason:
        return Finding(subject, name, SKIP, str(reason)), False
    except Broken as why:
        sentence = str(why)
    except IqabenchError as error:
        sentence = f"{error.message} ({error.hint})" if error.hint else error.message
    except Exception as error:
        hung = isinstance(error, TimeoutError) and str(error).startswith("it took longer")
        sentence = first_line(error) if not hung else f"{error}: does it hang?"
    return Finding(subject, name, FAIL, sentence), hung


def first_line(error: BaseException) -> str:
    """An error in one line, with its type."""
    text = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
