"""A visitor of the public pages in a real browser, and whatever went wrong on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIZES = {"desk": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}


class Visitor:
    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self.faults.append(line.text) if line.type == "error" else None)
        page.on("dialog", self._refuse)
        page.on("request", self._watch)

    def open(self, path: str) -> Any:
        self.page.goto(self.address + path)
        return self.page

    def choose(self, name: str, value: str) -> None:
        """Fills in a field of the search."""
        if name != "q" and not self.page.is_visible(f"#search [name={name}]"):
            self.page.click("#search summary")
        field = self.page.locator(f"#search [name={name}]")
        field.fill(value) if name == "q" else field.select_option(value)

    def names(self) -> list[str]:
        """The ids of the rows that can be seen, in order."""
        boxes = self.page.locator("#models tbody tr:not([hidden]) [name=m]")
        found: list[str] = boxes.evaluate_all("boxes => boxes.map(box => box.value)")
        return found

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.faults.append(f"a call to {request.url}")

    def _refuse(self, dialog: Any) -> None:
        self.faults.append(f"a dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def visiting(chromium: Any, address: str, **options: Any) -> Iterator[Visitor]:
    """A visitor with a browser of their own; options as playwright has them."""
    context = chromium.new_context(**{"viewport": SIZES["desk"]} | options)
    context.set_default_timeout(10_000)
    try:
        yield Visitor(context.new_page(), address)
    finally:
        context.close()
