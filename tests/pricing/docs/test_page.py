"""/docs describes every address and needs no other host; both forms of the document are public."""

import gzip

import pytest
from django.test import Client

from pricing.docs.document import document


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_it_is_compressed_and_not_sent_twice(client: Client, path: str, accept: str) -> None:
    whole = client.get(path, headers={"accept": accept})
    small = client.get(path, headers={"accept": accept, "accept-encoding": "gzip"})

    assert gzip.decompress(small.content) == whole.content
    assert len(small.content) * 4 < len(whole.content)
    again = client.get(path, headers={"accept": accept, "if-none-match": whole["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_is_html_with_the_requested_host(client: Client) -> None:
    page = client.get("/docs", headers={"accept": "text/html"})

    assert page["content-type"] == "text/html; charset=utf-8"
    assert b"http://testserver/v1/models" in page.content


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/"])
def test_it_is_served_to_everybody(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_the_page_names_every_address_and_uses_no_other_host(client: Client) -> None:
    answer = client.get("/docs", headers={"accept": "text/html"})
    page = answer.content.decode()

    for path in document()["paths"]:
        assert f"<code>{path}</code>" in page
    for shape in document()["components"]["schemas"]:
        assert f'id="{shape}"' in page
    assert "unsafe" not in answer["content-security-policy"]
    assert answer["content-security-policy"].startswith("default-src 'none'")
    for never in ("<script", "style=", 'src="http', 'href="http', "//cdn"):
        assert never not in page
