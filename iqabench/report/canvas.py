"""Makes empty figures and saves figures as files."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.store.files import write_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, RED, GREY = "#205493", "#b3261e", "#5f6368"
MAP = "inferno"
"""Colours of maps. Equal steps of a map look equally large, from dark (0) to bright (1)."""
FORMATS = ("pdf", "png", "svg")
UNDATED: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Creator": None, "Date": None},
}
"""Formats that note when and by what they were written -> the metadata without that."""
COLUMN, PAGE = 3.3, 7.0
"""Inches: width of a column of a paper, and of two columns."""
TEXT, SMALL = 8, 7
"""Points: size of text, and of ticks and legends."""
LETTER = 0.58 / 72
"""Inches: mean width of a letter, for each point of its size; DejaVu Sans is a wide font."""
DPI = 300


def figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches; it opens no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def wrapped(text: str, width: float, size: float = TEXT) -> str:
    """The text in lines that are no wider than ``width`` inches."""
    room = max(8, int(width / (LETTER * size)))
    return "\n".join(line for part in text.split("\n") for line in textwrap.wrap(part, room))


def head(made: Figure, title: str) -> None:
    """Give a figure its title, in as many lines as it needs."""
    made.suptitle(wrapped(title, made.get_figwidth() - 0.2), fontsize=TEXT)


def _without_formulas(made: Figure) -> None:
    """Draw a dollar sign in a name as itself: Matplotlib would set, or refuse, a formula."""
    from matplotlib.text import Text

    for text in made.findobj(Text):
        text.set_parse_math(False)


def save(made: Figure, path: Path, dpi: int = DPI) -> None:
    """Write a figure as PNG, PDF or SVG, by the path's ending; a failure leaves no partial file.

    The same figure makes the same file, so that a figure that moved shows in version control.

    Raises:
        UsageError: the file cannot be written.
    """
    from matplotlib import rc_context

    form = path.suffix.removeprefix(".")
    options: dict[str, Any] = {"format": form, "dpi": dpi, "metadata": UNDATED.get(form)}
    _without_formulas(made)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with rc_context({"svg.hashsalt": "iqabench"}):  # else parts get other names each time
            write_picture(path, lambda stream: made.savefig(stream, **options))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", "name another place") from error
