"""Photographs the page for the README: `python docs/pictures/photograph.py report.html`, with the
page made from the generated sample, and Chromium installed."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
    page = browser.new_page(viewport={"width": 1180, "height": 1120})
    page.goto(Path(sys.argv[1]).resolve().as_uri())
    page.locator("#growing .mark-rect").first.wait_for(state="attached")
    # The charts in sight are drawn one after the other.
    page.wait_for_timeout(1000)
    page.screenshot(path=Path(__file__).parent / "report.png")
    browser.close()
