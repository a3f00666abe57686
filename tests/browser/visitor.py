"""A visitor of the public pages in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.browser.watched import SIZES, WatchedPage


class Visitor(WatchedPage):
    """The page of a visitor who looks for a model."""

    def choose(self, name: str, value: str) -> None:
        """Fills in a field of the search."""
        if name != "q" and not self.page.is_visible(f"#search [name={name}]"):
            self.page.click("#search summary")
        field = self.page.locator(f"#search [name={name}]")
        field.fill(value) if name == "q" else field.select_option(value)
        self.wait()

    def wait(self) -> None:
        """Waits until the list shows the search."""
        self.page.wait_for_selector("#picks:not([aria-busy=true])")

    def follow(self, selector: str) -> None:
        """Clicks what leads to another page, and waits for that page."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def names(self) -> list[str]:
        """The ids of the rows that can be seen, in order."""
        boxes = self.page.locator("#models tbody tr [name=m]")
        values: list[str] = boxes.evaluate_all("boxes => boxes.map(box => box.value)")
        return values


@contextmanager
def visiting(chromium: Any, address: str, **options: Any) -> Iterator[Visitor]:
    """A visitor with a browser of their own; options as playwright has them."""
    context = chromium.new_context(**{"viewport": SIZES["desk"]} | options)
    context.set_default_timeout(10_000)
    try:
        yield Visitor(context.new_page(), address)
    finally:
        context.close()
