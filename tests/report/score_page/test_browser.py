"""The page of scores in a browser: it orders, filters and shows maps, and asks for nothing."""

import re

import pytest
from browsers import LOOKS, NEEDED, barriers, silent
from scored_pictures import EVIL, pictures, plain, scored

from iqabench.report import score_page

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = NEEDED


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    score_page.write(folder / "whole.html", pictures())
    score_page.write(folder / "plain.html", plain())
    score_page.write(folder / "failed.html", [scored(4)])
    score_page.write(folder / "one.html", [scored(7)])
    return folder


@pytest.fixture
def page(browser, paths, request):
    """The page, opened as the test asks; at the end nothing was said and nothing asked for."""
    asked_for = dict(getattr(request, "param", {}))
    place = (paths / asked_for.pop("file", "whole.html")).as_uri()
    with silent(browser, place, **asked_for) as opened:
        yield opened


def names(page, where="#grid"):
    return page.locator(f"{where} .name").all_inner_texts()


def numbers(page, where="#grid"):
    return [float(text) for text in page.locator(f"{where} .card b").all_inner_texts()]


def test_the_worst_come_first_and_what_has_no_score_last(page):
    found = numbers(page)
    assert found == sorted(found) and len(found) == 29
    assert names(page)[-1] == "04.png"
    assert names(page)[3] == f"{EVIL}.png"  # its text, which runs nothing
    assert page.locator("#count").inner_text() == "30 of 30 pictures, 1 without a score"
    page.locator("#order").select_option("best first")
    assert numbers(page) == found[::-1]
    page.locator("#order").select_option("by name")
    assert names(page)[-3:] == ["27.png", "28.png", "29.png"]


def test_worst_and_best_stand_apart(page):
    assert numbers(page, "#worst") == [0, 1, 2, 3, 5, 6, 7, 8]
    assert numbers(page, "#best") == [29, 28, 27, 26, 25, 24, 23, 22]
    page.get_by_label("Model").select_option("nss")
    assert set(numbers(page, "#best")) <= {100, 101}  # a lower score is better
    assert set(numbers(page, "#worst")) <= {105, 106}
    assert numbers(page) == sorted(numbers(page), reverse=True)


def test_the_histogram_counts_and_filters(page):
    bars = page.locator("#histogram button")
    counts = [int(text or 0) for text in bars.locator("small").all_inner_texts()]
    assert len(counts) == score_page.BINS and sum(counts) == 29
    # The bars are as high as what they count.
    heights = bars.locator("i").evaluate_all("bars => bars.map((bar) => bar.offsetHeight)")
    tallest = max(heights) / max(counts)
    expected = [round(count * tallest) for count in counts]
    assert heights == pytest.approx(expected, abs=1)
    assert page.locator("#range span").all_inner_texts() == ["0", "net, higher is better", "29"]
    bars.last.click()
    assert numbers(page) == [28, 29]
    assert bars.last.get_attribute("aria-pressed") == "true"
    bars.last.press("Enter")
    assert len(names(page)) == 30


def test_bands_and_names_filter(page):
    page.get_by_label("Band").select_option("excellent")
    assert numbers(page) == [24, 25, 26, 27, 28, 29]
    assert set(page.locator("#grid .band").all_inner_texts()) == {"excellent"}
    page.locator("#wanted").fill("deep/27")
    assert numbers(page) == [27]
    assert page.locator("#count").inner_text().startswith("1 of 30 pictures")
    page.get_by_role("button", name="Reset").click()
    assert len(names(page)) == 30
    card = page.locator("#grid .card").filter(has_text="05.png")
    assert "rendered text" in card.inner_text() and "3 to 7" in card.inner_text()


def opacity(card):
    return float(card.locator(".map").evaluate("map => getComputedStyle(map).opacity"))


def boxes(card):
    """Where the picture and its map are on the screen."""
    found = "images => images.map((one) => one.getBoundingClientRect().toJSON())"
    return card.locator("img").evaluate_all(found)


def test_the_predicted_map_shows_on_hover_and_lies_on_the_picture(page):
    card = page.locator("#grid .card").nth(1)
    assert opacity(card) == 0
    card.hover()
    page.wait_for_timeout(300)
    assert opacity(card) > 0.5
    picture, glow = boxes(card)
    assert picture["width"] == pytest.approx(glow["width"], abs=1)  # as wide as it is high
    tall = page.locator("#grid .card").first  # 40 x 60 pixels in a box of 4:3
    picture, glow = boxes(tall)
    assert glow["height"] == pytest.approx(picture["height"], abs=1)
    assert glow["width"] == pytest.approx(picture["height"] * 40 / 60, abs=1)
    middles = [one["x"] + one["width"] / 2 for one in (picture, glow)]
    assert middles[0] == pytest.approx(middles[1], abs=1)


def test_maps_can_be_chosen_and_shown_on_every_picture(page):
    card = page.locator("#grid .card").nth(1)
    high = card.locator(".map").get_attribute("src")
    page.get_by_label("Saliency").select_option("low")
    assert card.locator(".map").get_attribute("src") != high
    page.get_by_label("on every picture").check()
    page.wait_for_timeout(300)
    assert opacity(card) > 0.5
    page.get_by_label("Model").select_option("nss")  # which predicts none
    assert page.locator(".map").count() == 0


def test_keys(page):
    focused = "document.activeElement.querySelector('.name')?.textContent"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "00.png"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "01.png"
    page.keyboard.press("ArrowDown")
    below = page.evaluate(focused)
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == "01.png" != below
    page.keyboard.press("Enter")
    large = page.locator("#large")
    assert large.is_visible()
    assert "deep/01.png" in large.inner_text() and "nss" in large.inner_text()
    page.keyboard.press("ArrowRight")
    assert "deep/02.png" in large.inner_text() and "turned" in large.inner_text()
    page.keyboard.press("Escape")
    assert large.is_hidden()
    page.keyboard.press("m")
    assert page.get_by_label("on every picture").is_checked()
    page.keyboard.press("o")
    assert numbers(page)[0] == 29
    page.keyboard.press("/")
    page.keyboard.type("mo/")
    assert page.locator("#wanted").input_value() == "mo/"


def test_the_first_tab_skips_to_the_pictures(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the pictures"
    page.keyboard.press("Enter")
    assert page.url.endswith("#pictures")


@pytest.mark.parametrize("page", [{"file": "plain.html"}], indirect=True)
def test_without_maps_bands_and_a_second_model_there_are_no_such_controls(page):
    labels = [text.split()[0] for text in page.locator("#filter label").all_inner_texts()]
    assert labels == ["Order", "Name"]
    assert "saliency" not in page.locator(".keys").inner_text()
    page.keyboard.press("m")
    assert numbers(page) == [0, 1, 2]


@pytest.mark.parametrize("page", [{"file": "failed.html"}], indirect=True)
def test_a_page_without_any_score(page):
    assert page.locator("#range").inner_text().startswith("no picture has a score")
    assert page.locator("#count").inner_text() == "1 of 1 pictures, 1 without a score"
    assert page.locator("#worst .card, #best .card").count() == 0
    assert "cannot decode" in page.locator("#grid .card").inner_text()


@pytest.mark.parametrize("page", [{"file": "one.html"}], indirect=True)
def test_a_page_of_one_picture(page):
    bars = page.locator("#histogram button:not([disabled])")
    assert bars.count() == 1
    bars.click()
    assert numbers(page) == numbers(page, "#worst") == numbers(page, "#best") == [7]


@pytest.mark.parametrize(
    ("page", "dark", "width"),
    [
        ({"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}, False, 1280),
        ({"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"}, True, 1280),
        ({"viewport": {"width": 400, "height": 800}}, False, 400),
        ({"viewport": {"width": 400, "height": 800}, "color_scheme": "dark"}, True, 400),
    ],
    indirect=["page"],
)
def test_light_dark_and_narrow(page, dark, width, tmp_path):
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", back))) < 64) == dark
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator("#grid .card").first.click()
    box = page.locator("#large").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    page.screenshot(path=tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


@pytest.mark.parametrize("page", [{"viewport": {"width": 1920, "height": 1080}}], indirect=True)
def test_the_scale_is_as_wide_as_its_histogram(page):
    boxes = [page.locator(one).bounding_box() for one in ("#histogram", "#range")]
    assert boxes[0]["x"] == boxes[1]["x"] and boxes[0]["width"] == boxes[1]["width"]


@pytest.mark.parametrize("page", LOOKS, indirect=True)
def test_nobody_is_kept_out(page):
    assert barriers(page) == []
    page.locator("#grid .card").nth(5).click()
    assert barriers(page) == []
