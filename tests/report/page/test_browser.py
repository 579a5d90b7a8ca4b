"""The page in a browser: it sorts, filters and shows pictures, and asks the network for nothing."""

import re

import pytest
from browsers import LOOKS, NEEDED, barriers, silent
from synthetic import study

from iqabench import Results, Session

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = NEEDED
MODELS = ("good", "<img src=x onerror=alert(1)>", "bad")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Three models on two sets, of one of which the pictures are at hand."""
    root = tmp_path_factory.mktemp("page")
    made = study(root, MODELS, ["one", "two"], 2, 10, 2)
    made.catalog.write_text(made.catalog.read_text().replace(str(root / "two"), str(root / "no")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iqabench.report.leaderboard.RESAMPLES", 50)
        Results(Session(made.catalog, store=made.store)).report(root / "page.html")
    return root / "page.html"


@pytest.fixture
def page(browser, path, request):
    """The page, opened as the test asks; at the end nothing was said and nothing asked for."""
    with silent(browser, path.as_uri(), **getattr(request, "param", {})) as opened:
        yield opened


def column(page, place):
    return page.locator(
        f"#leaderboard tbody tr:not(.group):visible > :nth-child({place})"
    ).all_inner_texts()


def place_of(page, name):
    heads = page.locator("#leaderboard thead th").all_inner_texts()
    return next(place for place, head in enumerate(heads, 1) if head.startswith(name))


def test_headings_sort_by_number_or_word(page):
    place = place_of(page, "SROCC [")
    head = page.locator(f"#leaderboard thead th:nth-child({place})")
    means = [float(text.split()[0]) for text in column(page, place)]
    for order, falls in (("ascending", False), ("descending", True)):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == order
        found = [float(text.split()[0]) for text in column(page, place)]
        assert sorted(found) == sorted(means)
        for part in (found[:3], found[3:]):  # each set by itself
            assert part == sorted(part, reverse=falls)
    page.locator("#leaderboard thead th").first.get_by_role("button").press("Enter")
    assert column(page, 1) == 2 * sorted(MODELS)
    assert head.get_attribute("aria-sort") == "none"


@pytest.mark.parametrize("page", [{"viewport": {"width": 400, "height": 800}}], indirect=True)
def test_a_phone_shows_model_and_srocc_with_its_interval(page):
    place = place_of(page, "SROCC [")
    assert place == 2
    for cell in page.locator("#leaderboard tbody tr:not(.group) > :nth-child(2)").all():
        box = cell.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 400
    captions = page.eval_on_selector_all(
        "caption", "all => all.map(one => one.getBoundingClientRect().right)"
    )
    assert captions and max(captions) <= 400


def test_sections_have_the_names_that_lead_to_them(page):
    for link in page.locator("nav a").all():
        target = link.get_attribute("href")
        assert page.locator(f"{target} h2").inner_text() == link.inner_text()


def test_the_filter_hides_other_models_and_sets_everywhere(page):
    assert page.locator("#count").inner_text() == "6 of 6 results"
    page.get_by_label("Models").fill("GOOD")
    assert set(column(page, 1)) == {"good"}
    page.get_by_label("Tested on").select_option("two")
    assert page.locator("#count").inner_text() == "1 of 6 results"
    assert page.locator("#leaderboard tr.group:visible").all_inner_texts() == ["two"]
    assert page.locator("svg.scatter:visible").count() == 1
    assert page.locator(".worst:visible").count() == 1
    page.get_by_label("Models").fill("")
    page.get_by_label("Tested on").select_option("every set")
    assert page.locator("svg.scatter:visible").count() == 6


def test_a_point_shows_its_picture_label_and_prediction(page):
    plot, tip = page.locator("svg.scatter").first, page.locator("#tip")
    plot.scroll_into_view_if_needed()
    frame = plot.bounding_box()
    points = plot.locator(".points").get_attribute("d")
    x, y = map(float, re.match(r"M([\d.]+) ([\d.]+)", points).groups())
    scale = frame["width"] / 300
    assert tip.is_hidden()
    page.mouse.move(frame["x"] + x * scale, frame["y"] + y * scale)
    assert tip.is_visible()
    words = r"(blur|noise)_\d\d_\d.jpg\s+(blur|noise), level \d\s+label [\d.]+, prediction -?[\d.]+"
    assert re.fullmatch(words, tip.inner_text().strip())
    assert (
        tip.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 128
    )
    page.mouse.move(1, 1)
    assert tip.is_hidden()


def test_arrow_keys_go_through_the_points_from_left_to_right(page):
    plot, tip = page.locator("svg.scatter").last, page.locator("#tip")
    plot.focus()
    predictions = []
    for _ in plot.get_attribute("data-images").split():
        plot.press("ArrowRight")
        predictions.append(float(tip.inner_text().split()[-1]))
    assert predictions == sorted(predictions)
    assert tip.locator("img").is_hidden()  # this set's pictures are not at hand
    plot.press("Escape")
    assert tip.is_hidden()


def test_names_beside_the_ranks_are_whole(page):
    """Names of 24 letters, each as wide as a digit is: in a sans serif most are narrower."""
    plot = page.locator("#ranks svg")
    plot.evaluate(
        "plot => plot.querySelectorAll('.name').forEach(name => {"
        " name.textContent = '0'.repeat(24) + ' 1.00'; })"
    )
    frame = plot.bounding_box()
    for name in plot.locator(".name").all():
        box = name.bounding_box()
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]


def test_every_thumbnail_of_the_worst_pictures_is_drawn(page):
    drawn = page.locator("img[data-thumbnail]").evaluate_all(
        "async images => { for (const one of images) { one.scrollIntoView(); await one.decode(); }"
        " return images.map(one => one.naturalWidth); }"
    )
    assert drawn == [128] * 15
    assert page.get_by_text("two has no thumbnails").count() == 2


def test_the_first_tab_skips_to_the_leaderboard(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the leaderboard"
    page.keyboard.press("Enter")
    assert page.url.endswith("#leaderboard")


@pytest.mark.parametrize(
    ("page", "dark", "width"),
    [
        ({"color_scheme": "light"}, False, 1280),
        ({"color_scheme": "dark"}, True, 1280),
        ({"viewport": {"width": 400, "height": 800}}, False, 400),
        ({"viewport": {"width": 1920, "height": 1080}}, False, 1920),
    ],
    indirect=["page"],
)
def test_light_dark_and_narrow(page, dark, width, tmp_path):
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", back))) < 64) == dark
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert (tmp_path / "page.png").stat().st_size > 50_000


@pytest.mark.parametrize("page", [{"viewport": {"width": 1920, "height": 1080}}], indirect=True)
def test_a_wide_screen_is_used(page):
    boxes = {
        name: page.locator(name).first.bounding_box()
        for name in ("#leaderboard table", "#transfer", "#differences", "#worst .shelves")
    }
    assert boxes["#leaderboard table"]["width"] > 0.9 * 1920
    assert boxes["#transfer"]["y"] == boxes["#differences"]["y"]
    assert boxes["#differences"]["x"] > 960
    tops = [one.bounding_box()["y"] for one in page.locator("#worst .worst").all()]
    assert tops[0] == tops[1] < tops[2]  # two models side by side
    plots = page.locator("#scatter figure").evaluate_all("all => all.map(one => one.offsetTop)")
    assert plots[0] == plots[1] == plots[2]


@pytest.mark.parametrize("page", LOOKS, indirect=True)
def test_nobody_is_kept_out(page):
    """Also where everything is unfolded and the shades of tables are as strong as can be."""
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    page.evaluate(
        "document.querySelectorAll('.matrix td').forEach((cell, place) => {"
        " cell.style.setProperty('--shade', 1); cell.classList.toggle('bad', place % 2); })"
    )
    assert barriers(page) == []


def test_what_keeps_people_out_is_found(page):
    page.locator("#on").evaluate("choice => choice.parentNode.replaceWith(choice)")
    page.locator("header p").first.evaluate("words => { words.style.color = '#ccc'; }")
    assert {found.split(":")[0] for found in barriers(page)} == {"color-contrast", "select-name"}


def test_paper_has_everything_unfolded_and_no_controls(page, tmp_path):
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("#filter").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    page.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
