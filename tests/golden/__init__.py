"""Responses as they are sent, stored in files: a change of a byte is a change of the API.

`pytest tests/tokens/dialects/test_golden.py --update-golden` writes them again; the diff is what clients will notice.
"""

import re
from pathlib import Path

import pytest
from django.http import HttpResponse

FOLDER = Path(__file__).resolve().parent
REQUEST_ID = re.compile(r"req_[0-9a-f]{24}")


def same_as_golden(response: HttpResponse, name: str, config: pytest.Config) -> None:
    """Compares status, headers and body with the file of that name, byte for byte but for the request id."""
    file = FOLDER / f"{name}.http"
    text = as_text(response)
    if config.getoption("update_golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text(), f"{name} differs; if that is meant, run pytest with --update-golden"


def as_text(response: HttpResponse) -> str:
    headers = sorted(f"{name.lower()}: {value}" for name, value in response.items() if name.lower() != "content-length")
    lines = [str(response.status_code), *headers, "", response.content.decode(), ""]
    return REQUEST_ID.sub("req_<id>", "\n".join(lines))
