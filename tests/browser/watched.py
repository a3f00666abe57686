"""A page in a real browser, watched for errors."""

from typing import Any

SIZES = {"desk": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}


class WatchedPage:
    """`faults` holds errors of scripts and the console, dialogs that nobody expected, and calls to other hosts."""

    # What a page may load beside its own host's.
    also_own: tuple[str, ...] = ("data:",)

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

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.address, *self.also_own)):
            self.faults.append(f"a call to {request.url}")

    def _refuse(self, dialog: Any) -> None:
        self.faults.append(f"a dialog: {dialog.message}")
        dialog.dismiss()
