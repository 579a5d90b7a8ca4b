"""Pages in headless Chromium, which must ask the network for nothing."""

import shutil
from contextlib import contextmanager

import pytest

LOOKS = [
    {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    for scheme in ("light", "dark")
    for width in (400, 1280)
]
"""Both colour schemes, on a phone and on a screen."""

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


def barriers(page):
    """What axe-core finds that keeps some people out: rule, element, and what it measured."""
    sync = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    found = sync.Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
