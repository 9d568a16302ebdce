"""The built site in Chromium: no request leaves, axe finds nothing serious, its figures move, it is ready soon."""

import re

import pytest
from serving import served

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

LESSON = "03_the_smallest_network"


@pytest.fixture(scope="module")
def address(site):
    with served(site) as base:
        yield base


@pytest.fixture(params=["light", "dark"])
def page(browser, address, request):
    """A page that notes each request to another server and each error."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.left, page.errors = [], []
    own = (address, "data:", "blob:")
    context.on("request", lambda asked: None if asked.url.startswith(own) else page.left.append(asked.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    context.close()


def grave(page):
    """What axe finds that is serious or critical."""
    found = axe.Axe().run(page).response["violations"]
    return [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("where", ["index.html", f"read/{LESSON}.html", "read/00_start_here.html"])
def test_axe_finds_nothing_serious_and_nothing_leaves(page, address, where):
    page.goto(address + where)
    page.wait_for_load_state("networkidle")
    assert grave(page) == []
    assert (page.left, page.errors) == ([], [])


def test_the_slider_of_the_front_page_turns_the_tangent(page, address):
    page.goto(address + "index.html")
    slider, tangent = page.locator("#hero-z"), page.locator(".hero-figure .tangent")
    slider.focus()
    page.keyboard.press("Home")
    flat = tangent.get_attribute("y1")
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    assert page.locator(".hero-figure output").inner_text() == "z = 0.0, slope 0.250"
    assert tangent.get_attribute("y1") != flat


def test_a_figure_of_a_reading_page_moves_with_no_kernel(page, address):
    page.goto(f"{address}read/{LESSON}.html")
    page.locator("iframe").first.scroll_into_view_if_needed()
    film = page.frame_locator("iframe").first
    card, slider = film.locator(".dlcalc-card"), film.locator("input[type=range]")
    slider.wait_for()
    page.wait_for_timeout(300)
    before = card.screenshot()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(300)
    assert card.screenshot() != before
    assert (page.left, page.errors) == ([], [])


@pytest.mark.parametrize("width", [360, 800])
def test_no_page_is_wider_than_its_window(page, address, width):
    page.set_viewport_size({"width": width, "height": 800})
    for where in ("index.html", f"read/{LESSON}.html"):
        page.goto(address + where)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_formulas_are_set_in_the_font_of_the_site_and_whole_in_a_wide_window(page, address):
    page.goto(f"{address}read/{LESSON}.html")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('16px \"dlcalc Math\"') && document.fonts.size") == 1
    cut = "[...document.querySelectorAll('.formula')].filter((e) => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(cut) == 0


def test_the_front_page_loads_less_than_its_budget(page, address):
    sizes = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto(address + "index.html")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    assert 10_000 < sum(sizes) < 300_000


def test_a_reading_page_asks_for_no_film_before_it_is_near(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 800, "height": 400})
    page.goto(f"{address}read/{LESSON}.html")
    blocking = [url for url in asked if re.search(r"\.(html|css|js)$", url) and "/films/" not in url]
    assert len(blocking) == 2  # the page and its style: interactive as soon as these are here
