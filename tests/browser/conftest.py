"""A real Chromium, if the machine has one."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from tests.browser.desk import PASSWORD, Desk
from tests.browser.program import CHROMIUM, FLAGS
from tests.browser.watched import SIZES


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    # Playwright keeps an event loop in this thread, which Django takes for a sign of async code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(params=SIZES)
def desk(request: pytest.FixtureRequest, chromium: Any, live_server: LiveServer) -> Iterator[Desk]:
    # The form is tested once, in test_admin.py: it costs a second or two.
    session = Client()
    session.force_login(User.objects.create_superuser("maria", password=PASSWORD))
    context = chromium.new_context(viewport=SIZES[request.param])
    context.set_default_timeout(20_000)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": session.cookies[name].value, "url": live_server.url}])
    yield Desk(context.new_page(), live_server.url)
    context.close()
