"""Pages in headless Chromium, which must ask the network for nothing."""

import shutil
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
NEEDED = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]


@contextmanager
def silent(browser, place, **options):
    """A page, opened; at the end nothing was said and nothing but the page was asked for."""
    opened = browser.new_page(**options)
    said, asked = [], []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(place)
    yield opened
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [place]
    opened.close()
