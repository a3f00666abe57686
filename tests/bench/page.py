"""The catalog page on a phone with a slow processor: `python -m tests.bench.page URL URL` prints JSON.

The first address has few models, the second one many. One browser does the same at both in turn, each time in a new
tab with an empty cache, and with a processor that is slowed four times.
"""

import json
import statistics
import sys
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

from tests.browser.program import CHROMIUM, FLAGS
from tests.browser.watched import SIZES

ROUNDS = 11
SLOWER = 4
# Milliseconds from the visitor's action to the picture with the new rows.
WATCH = """() => {
  let start;
  const begin = (event) => { start = event.timeStamp; };
  for (const type of ["input", "click"]) addEventListener(type, begin, { capture: true });
  window.shown = new Promise((resolve) => {
    const watcher = new MutationObserver(() => {
      watcher.disconnect();
      for (const type of ["input", "click"]) removeEventListener(type, begin, { capture: true });
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    });
    watcher.observe(document.getElementById("picks"), { childList: true });
  });
}"""
ACTIONS: dict[str, Callable[[Any], None]] = {
    "search": lambda page: page.keyboard.type("m"),
    "more letters": lambda page: page.keyboard.type("o"),
    "no match": lambda page: page.keyboard.type("zz"),
    "clear": lambda page: page.fill("[name=q]", ""),
    "filter": lambda page: page.select_option("[name=capability]", "tools"),
    "sort by price": lambda page: page.select_option("[name=sort]", "price"),
    "sort by name": lambda page: page.click("thead >> text=Model"),
}


def measured(few: str, many: str) -> dict[str, Any] | None:
    """Action -> milliseconds at both addresses, and the size of the page; None without a browser."""
    if CHROMIUM is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        visits = [(visit(browser, few), visit(browser, many)) for _ in range(ROUNDS)]
        browser.close()
    actions = {
        action: [round(statistics.median(pair[place][action] for pair in visits[1:])) for place in (0, 1)]
        for action in visits[0][0]
    }
    slowest = [max(visit[action] for pair in visits[1:] for visit in pair) for action in ACTIONS]
    return {
        "ms": actions,
        "slowest_ms": round(max(slowest)),
        "ratio": ratio(visits[1:]),
        "bytes": size(many),
        "elements": round(visits[-1][1]["elements"]),
    }


def ratio(visits: Sequence[tuple[dict[str, float], dict[str, float]]]) -> float:
    """The median time of all actions with many models, as a multiple of that with few."""
    few, many = (statistics.median(pair[place][action] for pair in visits for action in ACTIONS) for place in (0, 1))
    return round(many / few, 2)


def visit(browser: Any, address: str) -> dict[str, float]:
    """Milliseconds of each action, of the load, and the number of elements at the end of the list."""
    context = browser.new_context(viewport=SIZES["phone"], has_touch=True, is_mobile=True)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address)
    ready = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    took: dict[str, float] = {"ready": page.evaluate(ready)}
    page.click("#search summary")
    page.focus("[name=q]")
    for name, act in ACTIONS.items():
        page.wait_for_timeout(150)
        page.evaluate(WATCH)
        act(page)
        took[name] = page.evaluate("window.shown")
    page.wait_for_timeout(150)
    for _ in range(6):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(200)
    took["elements"] = page.evaluate("document.getElementsByTagName('*').length")
    context.close()
    return took


def size(address: str) -> int:
    """The bytes of the page as they are sent."""
    request = urllib.request.Request(address, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return len(answer.read())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(*sys.argv[1:3])) + "\n")
