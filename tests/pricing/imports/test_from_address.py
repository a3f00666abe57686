"""Importing from an address: fetched, stored without secrets, and not sent again while it is unchanged."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.models import AIModel, ImportRun, Snapshot, Source
from tests.catalog.imports.hosts import DOCUMENT, server
from tests.pricing.imports.running import run, state
from tests.samples import sample

pytestmark = pytest.mark.django_db


@pytest.fixture
def host(settings: Any) -> Iterator[tuple[str, list[dict[str, str]]]]:
    with server() as (name, requests):
        settings.FETCH_OWN_HOSTS = [name]
        yield f"http://{name}", requests


def run_from(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("import_catalog", "litellm", *arguments, stdout=out, stderr=err)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), err.getvalue()


def test_a_source_is_imported_from_its_address_and_stores_it(host: tuple[str, list[dict[str, str]]]) -> None:
    assert run_from("--url", f"{host[0]}/same?key=secret", "--apply")[0] == 0
    assert AIModel.objects.get().name == "gpt-4o"
    source = Source.objects.get(slug="litellm")
    assert (source.url, source.etag) == (f"{host[0]}/same", '"one"')
    assert (Snapshot.objects.get().origin, Snapshot.objects.get().content) == (source.url, DOCUMENT)
    assert ImportRun.objects.get().status == "applied"


def test_an_unchanged_document_is_planned_again(host: tuple[str, list[dict[str, str]]]) -> None:
    run_from("--url", f"{host[0]}/same", "--apply")
    before = state()
    code, out, err = run_from("--url", "--apply")
    assert (code, state()) == (0, before)
    assert "Unchanged since" in err
    assert "Nothing to do." in out
    assert host[1][-1]["If-None-Match"] == '"one"'
    assert run_from("--url", "--apply", "--publish")[0] == 0
    assert AIModel.objects.get().status == "published"


def test_another_address_is_fetched_completely(host: tuple[str, list[dict[str, str]]]) -> None:
    run_from("--url", f"{host[0]}/same", "--apply")
    run_from("--url", f"{host[0]}/plain", "--apply")
    assert "If-None-Match" not in host[1][-1]


def test_a_plan_stores_no_address(host: tuple[str, list[dict[str, str]]]) -> None:
    before = state()
    assert run_from("--url", f"{host[0]}/same")[0] == 2
    assert state() == before


@pytest.mark.parametrize("path", ["missing", "html", "damaged", "nothing"])
def test_a_failed_fetch_is_reported_in_one_sentence(host: tuple[str, list[dict[str, str]]], path: str) -> None:
    before = state()
    code, out, err = run_from("--url", f"{host[0]}/{path}?key=secret", "--apply")
    assert (code, out, state()) == (4, "", before)
    assert err.endswith(".")
    assert "secret" not in err


def test_a_private_address_is_refused() -> None:
    assert run_from("--url", "https://169.254.169.254/latest/meta-data/")[0] == 4


def test_a_source_without_an_address_asks_for_one() -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="Give one after --url"):
        call_command("import_catalog", "new_api", "--url", stdout=out)


def test_a_file_or_an_address_and_not_both(tmp_path: Path) -> None:
    for arguments in ((), ("--file", "x", "--url", "y")):
        with pytest.raises(CommandError, match=r"required|not allowed"):
            call_command("import_catalog", "litellm", *arguments)


def test_the_offers_of_a_requested_provider_are_imported(tmp_path: Path) -> None:
    content = sample("models_dev.json")
    assert run("models_dev", content, tmp_path, "--apply").code == 0
    assert set(AIModel.objects.values_list("name", flat=True)) == {"gpt-sample", "claude-sample", "grok-sample"}
    cost = run("models_dev", content, tmp_path, "--apply", "--provider", "cheap-reseller", "--as", "cost")
    assert cost.code == 0
    assert AIModel.objects.filter(sheets__role="cost").count() == 3
    assert run("models_dev", content, tmp_path, "--provider", "nobody").code == 4
