"""Makes empty figures and saves figures as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import UsageError
from iqabench.store.files import write_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, RED, GREY = "#205493", "#b3261e", "#5f6368"
FORMATS = ("pdf", "png", "svg")


def figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches; it opens no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def _without_formulas(made: Figure) -> None:
    """Draw a dollar sign in a name as itself: Matplotlib would set, or refuse, a formula."""
    from matplotlib.text import Text

    for text in made.findobj(Text):
        text.set_parse_math(False)


def save(made: Figure, path: Path) -> None:
    """Write a figure as PNG, PDF or SVG, by the path's ending; a failure leaves no partial file.

    Raises:
        UsageError: the file cannot be written.
    """
    form = path.suffix.removeprefix(".")
    _without_formulas(made)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, lambda stream: made.savefig(stream, format=form, dpi=150))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", "name another place") from error
