"""Every header that decides a check is part of what the fast path compares."""

from typing import Any

import pytest
from django.test import RequestFactory

from config.setting_checks import NEVER_TRUSTED
from tokens.dialects import ORIGINAL_ADDRESS_HEADERS, dialect_of
from tokens.http.fastpath import check_digest
from tokens.http.proxies.bodies import BODY_PARTS, named_models
from tokens.http.proxies.calls import METHOD_HEADERS, MODEL_HEADERS, read_call


class Recorded(dict[str, Any]):
    """An environ that notes what is read of it."""

    def __init__(self, environ: Any) -> None:
        super().__init__(environ)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


def environ(path: str = "/api/authorize?model=a", **headers: str) -> dict[str, Any]:
    return RequestFactory().post(path, b'{"model": "a"}', "application/json", headers=headers).META


@pytest.mark.parametrize("header", [*ORIGINAL_ADDRESS_HEADERS, *METHOD_HEADERS, *MODEL_HEADERS, "X-Own-Model"])
def test_each_header_of_a_call_decides(settings: Any, header: str) -> None:
    settings.AUTHORIZE_TRUSTED_HEADERS = ["X-Own-Model"]

    digests = {check_digest(environ(**headers)) for headers in ({}, {header: "a"}, {header: "b"})}

    assert len(digests) == 3


def test_everything_that_the_view_reads_decides(settings: Any) -> None:
    settings.AUTHORIZE_TRUSTED_HEADERS = ["X-Own-Model"]
    recorded = Recorded(environ("/api/authorize?model=a"))
    request = RequestFactory().request(**recorded)
    request.META = recorded

    read_call(request)
    dialect_of(request)
    named_models(recorded)

    # The body decides by what it names.
    volatile = {"wsgi.input", "CONTENT_LENGTH", "modelbook.named_models"}
    for name in recorded.read - volatile:
        changed = dict(recorded) | {name: "7"}
        assert check_digest(changed) != check_digest(dict(recorded)), name


def test_a_check_with_a_body_is_another_one_than_without() -> None:
    with_body = environ()

    assert check_digest(with_body) != check_digest({**with_body, "CONTENT_LENGTH": ""})
    assert check_digest(with_body) == check_digest({**with_body, "CONTENT_LENGTH": "99"})


def test_no_header_that_describes_the_call_can_be_trusted_with_its_model() -> None:
    of_body = {part.removeprefix("HTTP_").replace("_", "-") for part in BODY_PARTS}

    headers = {header.lower() for header in (*ORIGINAL_ADDRESS_HEADERS, *METHOD_HEADERS, *of_body)}

    assert headers <= NEVER_TRUSTED
