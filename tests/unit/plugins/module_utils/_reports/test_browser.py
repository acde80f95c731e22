# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The page in a real browser: Debian's Chromium."""

from __future__ import annotations

import os
import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mappings
from ansible_collections.virtmap.core.plugins.module_utils._reports.document import document
from ansible_collections.virtmap.core.plugins.module_utils._reports.page import page as html

from .fleet import HOSTILE, OPTIONS, fleet

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
try:
    from playwright.sync_api import Page, expect, sync_playwright
except ImportError:
    pytest.skip("NO BROWSER TEST: the Python library playwright is missing", allow_module_level=True)
if CHROMIUM is None:
    pytest.skip("NO BROWSER TEST: chromium is missing (apt: chromium)", allow_module_level=True)


class Opened(t.NamedTuple):
    page: Page
    asked: list[str]
    errors: list[str]


@pytest.fixture
def opened(loaded: Opened) -> Opened:
    """The page as it is when it was just opened."""
    loaded.page.reload()
    return loaded


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Opened]:
    """A page of 1,000 hypervisors with 40,000 guests, and one guest with a hostile name."""
    mapping = fleet(1000, 40)
    mapping["hypervisors"][7]["guests"].append({"uuid": "u-hostile", "name": HOSTILE, "state": "paused"})
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html(document(OPTIONS, parse_mappings([mapping]))), encoding="utf-8")
    with sync_playwright() as playwright:
        # Only root needs to go without the sandbox.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=120_000)
        page = browser.new_page()
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri())
        yield Opened(page, asked, errors)
        browser.close()


def test_it_asks_nobody_and_runs_nothing_of_a_name(opened: Opened) -> None:
    assert [url for url in opened.asked if not url.startswith(("file:", "data:"))] == []
    assert opened.errors == []
    assert opened.page.title() != "owned"
    assert opened.page.locator("img").count() == 0
    assert "{{ 7*7 }}" in opened.page.locator("h1").inner_text()


def test_sort_search_and_turn_pages(opened: Opened) -> None:
    section = opened.page.locator("#guests")
    status = section.get_by_role("status")
    expect(status).to_have_text("40001 of 40001 rows, page 1 of 401")
    assert section.locator("tbody tr").count() == 100
    section.get_by_role("searchbox").fill("WEB7-3 esx7.example")
    expect(status).to_have_text("11 of 40001 rows, page 1 of 1")
    name = section.get_by_role("button", name="Name", exact=True)
    name.click()
    head = section.get_by_role("columnheader", name="Name", exact=True)
    expect(head).to_have_attribute("aria-sort", "ascending")
    first = section.locator("tbody tr td").first
    expect(first).to_have_text("web7-3")
    name.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(first).to_have_text("web7-39")
    section.get_by_role("searchbox").fill("u-hostile")
    expect(first).to_have_text(HOSTILE)
    section.get_by_role("searchbox").fill("")
    section.get_by_role("button", name="Next page of guests").click()
    expect(status).to_have_text("40001 of 40001 rows, page 2 of 401")


def test_numbers_are_sorted_as_numbers(opened: Opened) -> None:
    section = opened.page.locator("#hypervisors")
    button = section.get_by_role("button", name="Sockets", exact=True)
    button.click()
    expect(section.locator("tbody tr").nth(1).locator("td").nth(5)).to_have_text("2")
    button.click()
    expect(section.locator("tbody tr").first.locator("td").nth(5)).to_have_text("1000")


def test_names_for_screen_readers(opened: Opened) -> None:
    for chart in ("Guests by state", "Guests by cluster"):
        assert opened.page.get_by_role("img", name=chart).count() == 1
    assert opened.page.get_by_role("heading", level=1).count() == 1
    assert opened.page.get_by_role("table", name="Guests", exact=True).count() == 1
    unnamed = opened.page.locator("button, input").evaluate_all(
        "found => found.filter(it => !(it.textContent || it.ariaLabel || (it.labels && it.labels.length))).length"
    )
    assert unnamed == 0
    opened.page.locator("body").press("Tab")
    assert opened.page.evaluate("document.activeElement.className") == "skip"


def brightness(page: Page) -> int:
    found: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in found.removeprefix("rgb(").removesuffix(")").split(","))


def test_dark_mode_paper_and_screenshot(opened: Opened, tmp_path: Path) -> None:
    page = opened.page
    page.emulate_media(color_scheme="dark")
    assert brightness(page) < 150
    page.screenshot(path=tmp_path / "dark.png")
    page.emulate_media(media="print", color_scheme="dark")
    assert brightness(page) == 3 * 255
    assert not page.locator("nav").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#guests tbody tr").count() == 1000
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen", color_scheme="light")
    page.screenshot(path=tmp_path / "light.png")
    light, dark = (tmp_path / "light.png").read_bytes(), (tmp_path / "dark.png").read_bytes()
    assert light.startswith(b"\x89PNG")
    assert light != dark
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"
