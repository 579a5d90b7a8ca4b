"""Makes text from elsewhere harmless: names of files, models and data sets, messages of errors.

A name may hold what a terminal, a spreadsheet, Markdown or LaTeX would act on. docs/names.md says
what becomes of it.
"""

from __future__ import annotations

import re

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters, marks that turn the direction of writing, and bytes that are no UTF-8."""
FORMULA = re.compile(r"'*[=+\-@\t\r].", re.DOTALL)
"""Begins a cell that a spreadsheet may take for a formula, or that :func:`csv_cell` changed."""
MARKED = re.compile(r"[\ue000\ue001][-+.\d]+[\ue002\ue003]")
"""A part of a cell that :mod:`iqabench.report.tables` marks as best or second best."""
PUNCTUATION = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
"""A backslash that Markdown would take for an escape."""


def visible(text: str, keep: str = "") -> str:
    r"""The text with an escape, such as ``\x1b``, for each character that is not seen.

    ``keep`` holds characters that stay, such as a line break.

    >>> print(visible("a\x1b[31m\nb"))
    a\x1b[31m\nb
    """
    return UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def encodable(text: str) -> str:
    """The text with escapes in place of bytes that are no UTF-8, which cannot be written."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def csv_cell(text: str) -> str:
    """A cell of a CSV file, with ``'`` before it if a spreadsheet might take it for a formula.

    Numbers and a lone sign stay as they are. One ``'`` less, where :data:`FORMULA` matches, is the
    text again.

    >>> csv_cell("=1+1"), csv_cell("-3.5"), csv_cell("'-x"), csv_cell("a-b")
    ("'=1+1", '-3.5', "''-x", 'a-b')
    """
    return f"'{text}" if FORMULA.match(text) and not _is_number(text) else text


def markdown_cell(text: str) -> str:
    """A cell of a Markdown table as plain text; the marks of :mod:`iqabench.report.tables` stay."""
    text = PUNCTUATION.sub(r"\\\\", visible(text))
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text).replace("<", "&lt;")
    text = re.sub(r"([|`])", r"\\\1", text)
    text = re.sub(r"\](?=[\[(:])", r"]\\", text)  # links; intervals in brackets stay readable
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)
    return text.replace("*", r"\*") if text.count("*") > 1 else text


def unmarked(text: str) -> str:
    """The text without marks, unless they stand where :mod:`iqabench.report.tables` sets them."""
    if MARKED.match(text):
        return text[:1] + re.sub("[\ue000-\ue001]", "", text[1:])
    return re.sub("[\ue000-\ue003]", "", text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
