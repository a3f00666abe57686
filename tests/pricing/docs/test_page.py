"""/docs describes every address in both languages and needs no other host; the document is public."""

import gzip
import re

import pytest
from django.test import Client
from django.utils.html import escape

from pricing.docs.document import document
from tokens.openapi import SECURITY_SCHEMES
from tokens.operators.problems import ROOT

PAGES = ("/docs", "/docs/management")


def html_of(client: Client, path: str, **headers: str) -> str:
    return client.get(path, headers={"accept": "text/html", **headers}).content.decode()


@pytest.mark.parametrize("path", ["/openapi.json", *PAGES])
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
    other = client.get("/docs", headers={"accept": "text/html", "host": "localhost"})
    assert b"http://localhost/v1/models" in other.content


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/", "/docs/management", "/docs/management/"])
def test_it_is_served_to_everybody(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_name_every_address_and_use_no_other_host(client: Client, language: str) -> None:
    pages = {path: html_of(client, f"{path}?lang={language}") for path in PAGES}

    for path in document()["paths"]:
        page = pages["/docs/management" if path.startswith(f"{ROOT}/") else "/docs"]
        assert f"<code>{path}</code>" in page
    for shape in document()["components"]["schemas"]:
        assert any(f'id="{shape}"' in page for page in pages.values()), shape
    for page in pages.values():
        page = page.replace("http://testserver", "")
        for never in ("<script>", "style=", 'src="http', 'href="http', "//cdn"):
            assert never not in page


@pytest.mark.parametrize("path", PAGES)
def test_every_link_within_the_page_has_a_target(client: Client, path: str) -> None:
    page = html_of(client, path)

    targets = re.findall(r'\bid="([^"]+)"', page)
    assert len(targets) == len({*targets})
    assert {*re.findall(r'href="#([^"]+)"', page)} <= {*targets}


@pytest.mark.parametrize("path", PAGES)
def test_the_address_chooses_the_language_before_the_browser(client: Client, path: str) -> None:
    chinese = client.get(path, headers={"accept": "text/html", "accept-language": "zh-CN"})
    english = html_of(client, f"{path}?lang=en", **{"accept-language": "zh-CN"})

    page = chinese.content.decode()
    assert '<html lang="zh-Hans">' in page
    assert '<html lang="en">' in english
    assert "Accept-Language" in chinese["vary"]
    assert ("身份验证" in page, "身份验证" in english) == (True, False)
    assert f'href="{path}?lang=en" lang="en"' in page
    assert 'href="/docs/management?lang=en"' in english


@pytest.mark.parametrize("path", PAGES)
def test_no_description_of_the_chinese_page_is_english(client: Client, path: str) -> None:
    page = html_of(client, f"{path}?lang=zh")

    texts = re.findall(r'<(?:dd|p class="summary"|div class="about")>([^<]{12,})<', page)
    assert len(texts) > 300
    assert [text for text in texts if not re.search("[一-鿿]", text)] == []


def test_the_page_lists_every_place_of_a_key(client: Client) -> None:
    page = html_of(client, "/docs")

    for name, scheme in SECURITY_SCHEMES.items():
        assert f"<dt><code>{name}</code></dt>" in page
        assert escape(scheme["description"].partition("`")[0]) in page
    assert "<dt><code>admin-key</code></dt>" not in page
    assert "<dt><code>admin-key</code></dt>" in html_of(client, "/docs/management")


@pytest.mark.parametrize(("path", "most_bytes", "most_elements"), [("/docs", 30_000, 7000), (PAGES[1], 45_000, 11_000)])
def test_the_pages_stay_light(client: Client, path: str, most_bytes: int, most_elements: int) -> None:
    for language in ("en", "zh"):
        page = html_of(client, f"{path}?lang={language}")

        assert len(gzip.compress(page.encode())) < most_bytes
        assert page.count("<") - page.count("</") < most_elements


def test_every_operation_has_examples_with_a_button_that_copies(client: Client) -> None:
    for path in PAGES:
        page = html_of(client, path)
        articles = re.findall(r"<article .*?</article>", page, re.DOTALL)
        assert len(articles) > 50
        for article in articles:
            for language in ("curl", "Python", "JavaScript"):
                assert f'<figure class="{language}">' in article
            assert article.count("<pre") == article.count("data-copy ") == 3


@pytest.mark.parametrize("path", PAGES)
def test_the_page_names_every_variable_that_its_examples_read(client: Client, path: str) -> None:
    page = html_of(client, path)
    examples = re.findall(r'<figure class="curl">.*?</figure>', page, re.DOTALL)
    read = {name for code in examples for name in re.findall(r"\$(\w+)", code)}
    start = page.partition('<section id="start">')[2].partition("</section>")[0]

    assert read
    assert {name for name in read if f"<code>{name}</code>" not in start} == set()
