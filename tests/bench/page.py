"""Loads the catalog page in a real browser again and again: `python -m tests.bench.page URL` prints the milliseconds.

The same browser loads every page, each time in a new tab with an empty cache.
"""

import json
import statistics
import sys
import urllib.request
from typing import Any

from tests.browser.program import CHROMIUM, FLAGS

LOADS = 21


def measured(address: str) -> dict[str, Any] | None:
    """The milliseconds until the page's own scripts have run, and the bytes of its HTML; None without a browser."""
    if CHROMIUM is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        took = [_ready(browser, address) for _ in range(LOADS)]
        browser.close()
    # The first load made the page, for all that follow.
    return {"ready_ms": round(statistics.median(took[1:])), "first_ms": round(took[0]), "bytes": _size(address)}


def _ready(browser: Any, address: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.goto(address)
    took: float = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    context.close()
    return took


def _size(address: str) -> int:
    request = urllib.request.Request(address, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return len(answer.read())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(sys.argv[1])) + "\n")
