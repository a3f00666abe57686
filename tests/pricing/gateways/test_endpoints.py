"""A path that an operator entered for one model never becomes the path of an endpoint type that others share."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.exact import read_json
from catalog.models import AIModel, EndpointType
from tests.pricing.gateways.databases import channel, sqlite_gateway

pytestmark = pytest.mark.django_db


def migrate(folder: Path, **endpoints: str) -> Any:
    """Migrates models with these endpoints; returns what was left out of them."""
    names = list(endpoints)
    entries: list[Any] = [
        {"id": number, "model_name": name, "status": 1, "name_rule": 0, "endpoints": endpoints[name]}
        for number, name in enumerate(names, start=1)
    ]
    file = sqlite_gateway(
        folder, "new-api", tokens=[], channels=[channel(1, ",".join([*names, "other"]))], models=entries
    )
    out = io.StringIO()
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out)
    report = read_json(out.getvalue().encode())
    return next((kind["names"] for kind in report["left_out"] if kind["subject"] == "models.endpoints"), [])


def types(name: str) -> list[str]:
    return list(AIModel.objects.get(name=name).supported_endpoint_types)


def test_a_known_type_keeps_its_path(tmp_path: Path) -> None:
    left_out = migrate(tmp_path, own='{"openai": {"path": "/v9/own", "method": "POST"}, "anthropic": "/v1/messages"}')

    assert EndpointType.objects.get(name="openai").path == "/v1/chat/completions"
    assert types("own") == ["openai", "anthropic"]
    assert left_out == ["own: openai at /v9/own"]


def test_an_unknown_type_gets_the_path_of_all_its_models(tmp_path: Path) -> None:
    left_out = migrate(tmp_path, one='{"acme-own": "/v9/own"}', two='{"acme-own": {"path": "/v9/own"}}')

    assert EndpointType.objects.get(name="acme-own").path == "/v9/own"
    assert (types("one"), types("two"), left_out) == (["acme-own"], ["acme-own"], [])


def test_an_unknown_type_with_several_paths_gets_none_of_them(tmp_path: Path) -> None:
    left_out = migrate(
        tmp_path, one='{"acme-own": "/v9/one", "openai": "/v1/chat/completions"}', two='{"acme-own": "/v9/two"}'
    )

    assert not EndpointType.objects.filter(name="acme-own").exists()
    assert types("one") == ["openai"]
    assert left_out == ["one: acme-own at /v9/one", "two: acme-own at /v9/two"]


def test_a_second_migration_changes_no_path(tmp_path: Path) -> None:
    migrate(tmp_path, one='{"acme-own": "/v9/own"}')
    migrate(tmp_path, one='{"acme-own": "/v9/later"}', two='{"acme-own": "/v9/own"}')

    assert EndpointType.objects.get(name="acme-own").path == "/v9/own"
