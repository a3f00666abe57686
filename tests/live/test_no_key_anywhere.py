"""After the whole life of some keys on a running server, no secret is in a log, a table, a history or a page."""

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.config.commands import commands
from tests.live.deployment import Operator, Server, environment_of, serving

pytestmark = pytest.mark.django_db

KEY = re.compile(r"mb_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}")
GATEWAY = "sk-" + "Zx9Yw8Vu" * 6
# Keys of gateways whose operators invent them or generate them in another way.
THOUGHT_UP = "my-own-litellm-key-1234567890"
OTHERS = ["Qm7" * 14, "0f1e2d3c4b" * 4, "Kp5T" * 16, THOUGHT_UP]

DUMP = """
result = []
with connection.cursor() as cursor:
    for table in connection.introspection.table_names(cursor):
        cursor.execute(f'SELECT * FROM {connection.ops.quote_name(table)}')
        result.append(f'{table}: {cursor.fetchall()}')
"""


class Browser:
    """An administrator at the admin."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> str:
        with self.opener.open(self.url + path, timeout=30) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **fields: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        assert token
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token[1]}).encode()
        sent = urllib.request.Request(self.url + path, body, {"Referer": self.url + path})  # noqa: S310
        with self.opener.open(sent, timeout=30) as answer:
            return str(answer.read().decode())


def done(outcome: tuple[int, str, str]) -> tuple[str, str]:
    """Output and errors of a command that succeeded."""
    code, output, errors = outcome
    assert code == 0, errors
    return output.strip(), errors


def use_everywhere(server: Server, key: str) -> None:
    """As clients do, correctly and incorrectly."""
    for headers in ({"authorization": f"Bearer {key}"}, {"authorization": key}, {"x_api_key": key},
                    {"x_api_key": key, "anthropic_version": "2023-06-01"}, {"x_goog_api_key": key}):  # fmt: skip
        for path in ("/v1/models", "/v1beta/models", "/api/pricing", "/api/token", "/api/authorize?model=leaks"):
            server.get(path, **headers)
    for path in (
        f"/v1/models?key={key}", f"/v1beta/models?key={key}&pageSize=x", f"/v1/models/{key}",
        f"/v1/models?after_id={key}",
        f"/v1beta/models/{key}:generateContent", f"/nothing/{key}?key={key}", f"/admin/?key={key}", f"/{key}",
        f"/api/authorize?model={key}", f"/api/authorize/{key}", f"/v1/models?limit={key}&dialect=anthropic",
    ):  # fmt: skip
        server.get(path, key=key, referer=f"http://somewhere/?key={key}", user_agent=f"client {key}")
        # A key without a known shape is recognized only where the request carries it as a key.
        server.get(
            path, method="POST", key=key if key == THOUGHT_UP else "", x_request_id=key, host=f"{key[:9]}.example"
        )


def test_no_secret_is_anywhere(database_url: str, operator: Operator, tmp_path: Path) -> None:
    operator.run("world.model('leaks', on='leaks')")
    password = "a-password-for-one-run"
    operator.run(
        "from django.contrib.auth.models import User\n"
        f"User.objects.create_superuser('leaks-admin', password={password!r})"
    )
    outputs = []
    with (
        serving(database_url, tmp_path, workers=2, USAGE_WRITE_SECONDS="1") as server,
        commands(environment_of(database_url)) as manage,
    ):
        first, log = done(manage.run("issue_token", "leaks", "--group", "default"))
        _, more = done(manage.run("issue_token", "moved", "--take-over", stdin=GATEWAY))
        key_id = first.split("_")[2]
        for other in OTHERS:
            done(manage.run("issue_token", "moved", "--take-over", stdin=other))
        secrets = [first, GATEWAY, GATEWAY.removeprefix("sk-"), *OTHERS]
        for key in secrets:
            use_everywhere(server, key)
        second, after = done(manage.run("rotate_token", key_id, "--grace", "0"))
        secrets.append(second)
        outputs += [log, more, after]
        for key in secrets:
            use_everywhere(server, key)

        browser = Browser(server)
        browser.post("/admin/login/", username="leaks-admin", password=password, next="/admin/")
        pk = operator.run("result = Token.objects.get(name='leaks').pk")
        current = operator.run("result = Token.objects.get(name='leaks').key_id")
        match = KEY.search(browser.post(f"/admin/tokens/token/{pk}/rotate/", grace="1", key_id=current))
        assert match
        secrets.append(match[0])
        use_everywhere(server, match[0])
        current = operator.run("result = Token.objects.get(name='leaks').key_id")
        outputs += done(manage.run("explain_token", current, "leaks"))
        outputs += done(manage.run("revoke_token", key_id))
        outputs += done(manage.run("revoke_token", current))
        for key in secrets:
            use_everywhere(server, key)
        use_everywhere(server, first[:-1] + ("0" if first[-1] != "0" else "1"))
        pages = ("change", "history", "sees", "rotate", "replaced")
        outputs += [browser.get(f"/admin/tokens/token/{pk}/{page}/") for page in pages]
        outputs += [browser.get(f"/admin/{page}") for page in ("", "tokens/token/", f"tokens/token/?q={key_id}")]
        outputs.append(server.log)
    outputs.append(server.log)
    outputs += operator.run(DUMP)
    outputs += [str(cookie) for cookie in browser.cookies]

    text = "\n".join(outputs)
    # The texts are of these keys: their public parts are there.
    assert text.count(key_id) > 10
    assert "/api/authorize" in server.log
    assert "Check whether it has leaked" in server.log
    assert all(is_in(secret, f"…{secret}…") for secret in secrets)
    assert [secret[:14] for secret in secrets if is_in(secret, text)] == []


def is_in(secret: str, text: str) -> bool:
    """Whether the text contains the secret part, or 12 characters of it."""
    body = secret.rpartition("_")[2].removeprefix("sk-")
    return any(body[place : place + 12] in text for place in range(len(body) - 12))
