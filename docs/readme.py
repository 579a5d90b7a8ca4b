"""Makes what README.md shows: the leaderboard of the demo, a plugin, and docs/report.png.

``make readme`` runs it. The first call trains for minutes; the jobs stay in build/readme.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

CHECKOUT = Path(__file__).parents[1]
README, SCREENSHOT = CHECKOUT / "README.md", CHECKOUT / "docs" / "report.png"
STORE = CHECKOUT / "build" / "readme" / "demo"
DEMO = ("--models", "biosiqnet-lite,brisque", "--datasets", "demo")
COLUMNS = 110
"""Width of the terminal whose output the page shows."""
WIDTH, HEIGHT = 1280, 900
"""Of the screenshot, in pixels."""
COLOURS = 64
"""Of the screenshot: enough for text and charts, and a small file."""


def block(name: str) -> re.Pattern[str]:
    """Finds what a mark of README.md encloses: the language of the code, then the code."""
    return re.compile(rf"(?<=<!-- {name} -->\n```)(\w*)\n(.*?)\n(?=```\n<!-- end -->)", re.DOTALL)


def shown(page: str, name: str) -> str:
    """The code that a mark of the page encloses."""
    found = block(name).search(page)
    if found is None:
        raise SystemExit(f"README.md has no part '{name}'")
    return found[2]


def with_part(page: str, name: str, code: str) -> str:
    """The page with other code between the marks of a name."""
    shown(page, name)
    return block(name).sub(lambda found: f"{found[1]}\n{code}\n", page)


def plugin() -> str:
    """The code of the shortest plugin, as ``iqabench plugin new`` writes it."""
    with tempfile.TemporaryDirectory() as place:
        words = ("plugin", "new", "sharpness", "--kind", "scorer")
        subprocess.run([*command(), *words], cwd=place, check=True, capture_output=True)
        made = Path(place) / "sharpness" / "sharpness.py"
        return made.read_text(encoding="utf-8").rstrip()


def command() -> list[str]:
    """Calls the program of this environment."""
    return [sys.executable, "-m", "iqabench"]


def difference() -> str:
    """Runs the demo; the line in which the run compares its two models."""
    words = [*command(), "run", *DEMO, "--store", str(STORE)]
    done = subprocess.run(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return next(line for line in done.stderr.splitlines() if re.match(r"\S+ - \S+ on demo: ", line))


def board() -> str:
    """The leaderboard as a terminal of :data:`COLUMNS` columns shows it."""
    ours, theirs = pty.openpty()
    settings = os.environ | {"COLUMNS": str(COLUMNS)}
    words = [*command(), "leaderboard", "--store", str(STORE)]
    with subprocess.Popen(words, stdout=theirs, stderr=subprocess.DEVNULL, env=settings) as running:
        os.close(theirs)
        printed = b""
        while part := _read(ours):
            printed += part
    os.close(ours)
    if running.returncode:
        raise SystemExit("the leaderboard failed")
    lines = printed.decode().replace("\r\n", "\n").splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # on Linux the end of a terminal's output is an error
        return b""


def photograph(browser: str) -> None:
    """Write docs/report.png: the upper part of the report of the demo, in light colours."""
    with tempfile.TemporaryDirectory() as place:
        page, picture = Path(place) / "report.html", Path(place) / "report.png"
        words = [*command(), "report", "--store", str(STORE), "-o", str(page)]
        subprocess.run(words, check=True, capture_output=True)
        how = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}")
        seen = [browser, *how, f"--screenshot={picture}", page.as_uri()]
        subprocess.run(seen, check=True, capture_output=True)
        SCREENSHOT.write_bytes(reduced(picture))


def reduced(picture: Path) -> bytes:
    """A screenshot as a PNG with a palette."""
    with Image.open(picture) as whole, io.BytesIO() as held:
        few = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(held, "PNG", optimize=True)
        return held.getvalue()


def main() -> None:
    """Make every part anew."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    told = difference()
    page = with_part(README.read_text(encoding="utf-8"), "board", f"{board()}\n\n{told}")
    README.write_text(with_part(page, "plugin", plugin()), encoding="utf-8")
    if browser is None:
        raise SystemExit("docs/report.png is as it was: there is no Chromium")
    photograph(browser)


if __name__ == "__main__":
    main()
