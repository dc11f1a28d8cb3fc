"""The site in a real browser, with no network: every page, the figures, search, accessibility.

Runs in `tox -e docs`, where Chromium is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from trainspec.conformance.site.build import build_site
from trainspec.conformance.site.serve import start_server

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
#: No sandbox: tests may run as root. The rest keeps the browser from calling home.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
#: One page of every kind.
KINDS = ("index.html", "guides/first_check.html", "guides/glossary.html", "optimizers/adam.html",
         "layers/batch_normalization.html", "networks/multilayer.html", "effects/update_paths.html",
         "frameworks/matrix.html", "profiles/torch.html", "numerics.html", "adapters.html",
         "cases/adam/first-step.html", "catches/adam.html", "search.html")  # fmt: skip
PHONE = {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    build_site(folder)
    return folder


@pytest.fixture(scope="session")
def address(site):
    server = start_server(site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def name_of(path, site):
    return path.relative_to(site).as_posix()


def test_every_page_renders_without_an_error_and_asks_no_other_host(site, address, page):
    """Every page but those of cases, which have one template: of them every tenth."""
    told = []
    page.on("console", lambda m: told.append((page.url, m.text)) if m.type == "error" else None)
    page.on("pageerror", lambda error: told.append((page.url, str(error))))
    page.on(
        "request", lambda r: None if r.url.startswith((address, "data:")) else told.append(r.url)
    )
    page.on("response", lambda r: told.append((r.status, r.url)) if r.status >= 400 else None)
    every = sorted(site.rglob("*.html"))
    cases = [path for path in every if "cases" in path.parts]
    assert len(cases) > 400
    for path in [*sorted(set(every) - set(cases)), *cases[::10]]:
        page.goto(address + name_of(path, site))
        assert page.title()
        assert page.locator("h1, #search-results").count() >= 1, path
    assert told == []


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.pictures = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids.update(filter(None, (found.get("id"), found.get("name"))))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.pictures.append(found)


def test_every_link_and_anchor_leads_somewhere(site):
    read = {name_of(p, site): Links(p.read_text("utf-8")) for p in site.rglob("*.html")}
    lost = []
    for name, page in read.items():
        for link in page.links:
            parts = urlsplit(urljoin(f"site:///{name}", link))
            if parts.scheme != "site":
                continue
            target = unquote(parts.path).lstrip("/")
            target = target + "index.html" if target.endswith("/") or not target else target
            if not (site / target).is_file():
                lost.append((name, link))
            elif parts.fragment and target in read:
                anchor = unquote(parts.fragment)
                if anchor not in read[target].ids and anchor != "top":
                    lost.append((name, link))
    assert lost == []


def test_pictures_have_words_for_those_who_do_not_see_them(site):
    for path in site.rglob("*.html"):
        for picture in Links(path.read_text("utf-8")).pictures:
            assert len(picture.get("alt") or "") > 20, (path, picture)


def test_mathematics_is_drawn(address, page):
    page.goto(address + "optimizers/adam.html")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('16px \"STIX Two Math\"')")
    sizes = page.evaluate(
        "[...document.querySelectorAll('.formula math')].map(m => m.getBoundingClientRect())"
        ".map(b => [b.width, b.height])"
    )
    assert len(sizes) >= 4
    assert all(width > 40 and height > 15 for width, height in sizes)
    assert page.locator("merror").count() == 0
    fraction = page.locator("mfrac").first.bounding_box()
    letter = page.locator(".formula mi").first.bounding_box()
    assert fraction["height"] > 1.5 * letter["height"]  # a fraction, not a line of text


def test_search_finds(address, page):
    page.goto(address + "index.html")
    page.locator(".sidebar-search").fill("bias correction")
    page.locator(".sidebar-search").press("Enter")
    page.wait_for_selector("ul.search li a")
    assert any("adam" in link for link in page.eval_on_selector_all(
        "ul.search li a", "links => links.map(a => a.getAttribute('href'))"))  # fmt: skip


def said(page):
    return page.locator(".try-it output").inner_text()


def points(page, path):
    return page.locator(f".try-it .path-{path}").get_attribute("points")


def test_the_figure_moves_by_mouse(address, page):
    page.goto(address + "optimizers/adam.html")
    assert "after 30 steps it is at (0.136, 0.3182)" in said(page)  # the certified end point
    before = points(page, 0)
    slider = page.locator("input[type=range][data-name=learning_rate]")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    assert points(page, 0) != before
    moved = points(page, 0)
    picture = page.locator(".try-it svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25, steps=4)
    page.mouse.up()
    assert points(page, 0) != moved
    assert float(page.locator("input[type=range][data-name=x]").input_value()) > 600
    page.get_by_role("button", name="start again").click()
    assert "(0.136, 0.3182)" in said(page)


def test_two_forms_side_by_side_by_keyboard(address, page):
    page.goto(address + "optimizers/adam.html")
    beside = page.get_by_label("beside it")
    beside.focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    assert beside.input_value() == "eps-hat"
    assert "They part at step 1" in said(page)
    assert "eps-hat (orange, dashed)" in said(page)
    assert "epsilon / sqrt(1 - beta2 ** t)" in page.locator(".try-it pre").inner_text()
    before = points(page, 1)
    page.locator("input[type=range][data-name=epsilon]").focus()
    page.keyboard.press("End")
    assert points(page, 1) != before
    epsilon = page.get_by_label("epsilon as a number")
    epsilon.fill("0")
    epsilon.press("Enter")
    assert "They do not part" in said(page)
    epsilon.fill("")
    epsilon.press("Enter")
    assert epsilon.input_value() == "0"  # what is no number changes nothing


def test_a_variant_brings_its_own_hyperparameter(address, page):
    page.goto(address + "optimizers/adam.html")
    slider = page.locator("input[type=range][data-name=weight_decay]")
    assert slider.count() == 0
    page.get_by_label("form").select_option("decoupled-decay")
    assert slider.count() == 1


@pytest.mark.parametrize("rule", ["sgd", "momentum", "adagrad", "rmsprop", "adam"])
def test_every_update_rule_has_a_figure_that_works(address, page, rule):
    page.goto(f"{address}optimizers/{rule}.html")
    forms = page.get_by_label("form").locator("option").all_inner_texts()
    assert forms[0] == "canonical"
    assert len(forms) > 2
    for form in forms:
        page.get_by_label("form").select_option(form)
        assert said(page).startswith(f"{form}: after ")


def test_light_and_dark(address, browser):
    seen = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(address + "layers/dropout.html")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        seen[scheme] = sum(map(int, re.findall(r"\d+", background)[:3]))
        assert page.locator(f"img.only-{scheme}").first.is_visible()
        other = "dark" if scheme == "light" else "light"
        assert not page.locator(f"img.only-{other}").first.is_visible()
        context.close()
    assert seen["light"] > 600
    assert seen["dark"] < 200


@pytest.mark.parametrize("name", KINDS)
def test_a_page_fits_a_phone(address, browser, name):
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(address + name)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"] + 1
    context.close()


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in KINDS), *((name, "dark") for name in KINDS[:4])],
)
def test_nothing_serious_stands_in_the_way_of_anyone(address, browser, name, scheme):
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address + name)
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], v["nodes"][0]["html"][:200], len(v["nodes"]))
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    context.close()
    assert serious == []


def test_the_cases_of_a_page_unfold(address, page):
    page.goto(address + "optimizers/sgd.html")
    case = page.locator("details").first
    assert not case.locator("a", has_text="inputs, outputs").is_visible()
    case.locator("summary").click()
    case.locator("a", has_text="inputs, outputs").click()
    assert "/cases/sgd/" in page.url
    assert Path(urlsplit(page.url).path).suffix == ".html"
