"""nginx with TLS in front of Modelbook itself: docs/gateways/nginx-public/nginx.conf."""

import http.client
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.gateways.gateway import ELSEWHERE, HERE, configuration, nginx, running
from tests.live.deployment import Answer, Operator, Server, serving
from tests.servers import SECONDS, free_port

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        shutil.which("nginx") is None or shutil.which("openssl") is None, reason="nginx or openssl is not installed"
    ),
]
HOST = "models.example.com"
SITE = {
    "TRUSTED_PROXIES": "1",
    "HTTPS": "true",
    "ALLOWED_HOSTS": HOST,
    "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
    "METRICS_TOKEN": "a-token-for-prometheus",
}


@dataclass(frozen=True)
class Site:
    """The site's two ports, and what nginx and Modelbook write."""

    plain_port: int
    port: int
    certificate: Path
    log: Path
    modelbook: Server

    def request(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        source: str = HERE,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        # The connection goes to this machine, whatever the certificate names.
        trusted.check_hostname = False
        client = http.client.HTTPSConnection(
            HERE, self.port, timeout=SECONDS, source_address=(source, 0), context=trusted
        )
        try:
            client.request(method, path, body=body or None, headers={"host": HOST} | (headers or {}))
            return Answer(client.getresponse())
        finally:
            client.close()


@pytest.fixture(scope="module")
def site(database_url: str, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("nginx-public")
    with serving(database_url, folder, workers=1, **SITE) as modelbook, site_in(folder, modelbook) as site:
        yield site


@contextmanager
def site_in(folder: Path, modelbook: Server) -> Iterator[Site]:
    plain_port, port = free_port(), free_port()
    ports = {":8000": f":{modelbook.port}", "listen 8080": f"listen {plain_port}", "listen 8443": f"listen {port}"}
    files = configuration("nginx-public", folder, ports)
    certificate = files / "certificate.pem"
    subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    out = ["-keyout", str(files / "private_key.pem"), "-out", str(certificate)]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", *kind, *subject, *out], check=True, capture_output=True)
    with running(nginx(files), port, folder) as log:
        yield Site(plain_port, port, certificate, log, modelbook)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/compare", "text/html"),
        ("/docs", "text/html"),
        ("/openapi.json", "application/json"),
        ("/llms.txt", "text/plain"),
        ("/api/pricing", "application/json"),
        ("/robots.txt", "text/plain"),
        ("/livez", "application/json"),
    ],
)
def test_visitors_reach_everything_that_is_public(site: Site, path: str, kind: str) -> None:
    answer = site.request(path, headers={"accept": kind})

    assert (answer.status, answer.headers.get_content_type()) == (200, kind)
    assert answer.headers.get_all("strict-transport-security") == ["max-age=31536000; includeSubDomains"]


def test_static_files_are_served(site: Site) -> None:
    page = site.request("/admin/login/").body.decode()

    styles = re.findall(r'href="(/static/[^"]+\.css)"', page)
    assert styles
    assert {site.request(path).status for path in styles} == {200}


@pytest.mark.parametrize("path", ["/v1/models", "/v1beta/models", "/anthropic/v1/models", "/api/token"])
def test_key_holders_reach_the_api(site: Site, keys: dict[str, str], path: str) -> None:
    assert site.request(path, headers={"authorization": f"Bearer {keys['customer']}"}).status == 200
    assert site.request(path).status == 401


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "/%6detrics", "//metrics", "/readyz", "/api/authorize", "/api/authorize/v1/x"]
)
def test_what_is_for_the_platform_is_not_public(site: Site, path: str) -> None:
    sent = {"authorization": "Bearer a-token-for-prometheus"}

    assert site.request(path, headers=sent).status == 404


def test_http_leads_to_https(site: Site) -> None:
    client = http.client.HTTPConnection(HERE, site.plain_port, timeout=SECONDS)
    client.request("GET", "/docs?a=b", headers={"host": HOST})
    answer = Answer(client.getresponse())
    client.close()

    assert (answer.status, answer.headers["location"]) == (308, f"https://{HOST}/docs?a=b")


def test_the_callers_address_is_the_connections(site: Site, keys: dict[str, str]) -> None:
    def ask(source: str, **headers: str) -> int:
        sent = {"authorization": f"Bearer {keys['here']}"} | headers
        return site.request("/v1/models", source=source, headers=sent).status

    assert [ask(ELSEWHERE), ask(HERE), ask(HERE, **{"X-Forwarded-For": ELSEWHERE})] == [200, 403, 403]


def test_an_operator_signs_in(site: Site, operator: Operator) -> None:
    operator.run(
        "from django.contrib.auth import get_user_model\n"
        "get_user_model().objects.create_superuser('gw-operator', password='a-long-password')"
    )
    page = site.request("/admin/login/")
    cookie = page.headers["set-cookie"]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())
    assert token
    form = {
        "csrfmiddlewaretoken": token[1],
        "username": "gw-operator",
        "password": "a-long-password",
        "next": "/admin/",
    }
    sent = {
        "content-type": "application/x-www-form-urlencoded",
        "cookie": cookie.split(";")[0],
        "origin": f"https://{HOST}",
        "referer": f"https://{HOST}/admin/login/",
    }

    body = urlencode(form).encode()
    signed_in = site.request("/admin/login/", method="POST", body=body, headers=sent)
    forged = site.request(
        "/admin/login/", method="POST", body=body, headers=sent | {"origin": "https://evil.example.com"}
    )

    assert "Secure" in cookie
    assert (signed_in.status, signed_in.headers["location"], forged.status) == (302, "/admin/", 403)
    session = "; ".join(entry.split(";")[0] for entry in signed_in.headers.get_all("set-cookie") or [])
    assert site.request("/admin/", headers={"cookie": session}).status == 200


def test_bodies_are_limited_by_address(site: Site) -> None:
    assert site.request("/v1/models", method="POST", body=bytes(2_000_000)).status == 413
    # It is Modelbook that refuses these.
    assert site.request("/api/usage", method="POST", body=bytes(2_000_000)).status in {401, 403}
    assert site.request("/admin/", method="POST", body=bytes(2_000_000)).status in {302, 403}


def test_responses_are_compressed_once(site: Site) -> None:
    answer = site.request("/docs", headers={"accept-encoding": "gzip"})

    assert answer.headers.get_all("content-encoding") == ["gzip"]


def test_logs_contain_no_keys(site: Site, keys: dict[str, str]) -> None:
    site.request(
        f"/v1beta/models?key={keys['customer']}", headers={"referer": f"https://{HOST}/?key={keys['customer']}"}
    )
    site.request("/v1/models", headers={"authorization": f"Bearer {keys['customer']}"})

    written = site.log.read_text() + site.modelbook.log
    assert '"GET /v1beta/models" 200' in written
    assert not any(key in written for name, key in keys.items() if name != "unknown")
