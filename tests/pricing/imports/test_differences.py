"""`catalog_diff` compares a catalog with the database in both directions, and agrees with an import that prunes."""

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from catalog.models import AIModel, FieldPin, ModelAlias
from pricing.models import PriceSheet
from tests import world
from tests.pricing.export.test_yaml_round_trip import rich_catalog
from tests.pricing.imports.running import run
from tokens.models import Token

pytestmark = pytest.mark.django_db


def diff(target: Path, style: str = "json") -> tuple[int, Any]:
    out = io.StringIO()
    try:
        call_command("catalog_diff", str(target), format=style, stdout=out)
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    except CommandError as error:
        return error.returncode, str(error)
    return code, json.loads(out.getvalue()) if style == "json" else out.getvalue()


def exported(folder: Path, *sections: str) -> Path:
    file = folder / "catalog.yaml"
    call_command("export_catalog", "yaml", output=str(file), extra=list(sections))
    return file


def edit(file: Path, *pairs: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text)


def test_an_export_is_equal_whatever_the_spelling_of_its_values(tmp_path: Path) -> None:
    rich_catalog()
    world.token("vip", name="Acme", allow=[], starts_at=world.LONG_AGO)
    Group.objects.create(name="Curators")
    file = exported(tmp_path, "tokens", "roles")
    assert diff(file) == (0, {"equal": True, "counts": {"file": 0, "database": 0, "both": 0}}
                          | {"differences": [], "left_out": [], "stays": []})  # fmt: skip
    assert diff(file, "text") == (0, "The file and the database are equal.\n")

    edit(
        file,
        ("amount: '2.5'", "amount: 2.500"),
        ("rate: '0.123456789012345678'", "rate: 0.1234567890123456780"),
        ("starts_at: '2026-01-01T00:00:00Z'", "starts_at: 2026-01-01T08:00:00+08:00"),
        ("context_length: 128000", "context_length: '128000.0'"),
        ("per: 1000000", "per: 1e6"),
        ("- 'no'\n  - 128K", "- no\n  - '128K'"),
    )

    assert diff(file)[0] == 0
    assert run("yaml", file, tmp_path).report["outcome"] == "done"


def test_every_difference_is_named_with_both_values(tmp_path: Path) -> None:
    rich_catalog()
    world.token("vip", name="Acme")
    key_id = Token.objects.get().key_id
    file = exported(tmp_path, "tokens")
    edit(
        file,
        ("display_name: '~'", "display_name: Kling"),
        ("amount: '2.5'", "amount: '3'"),
        ("name: Acme", "name: Beta"),
        ("rate: '0.123456789012345678'", "rate: '0.5'"),
        ("- name: gpt-latest", "- name: gpt-newest"),
        ("upstream_name: '0x10'", "upstream_name: ''"),
        ("  channels:\n  - east\n", "  channels: [main]\n"),
    )
    model = AIModel.objects.get(name="gpt-4o")
    model.description = "added here"
    model.save()
    extra = world.model("extra")
    world.price(extra, input="1")

    code, report = diff(file)

    rows = {(row["section"], row["key"]): row for row in report["differences"]}
    assert (code, report["equal"], report["counts"]) == (2, False, {"file": 1, "database": 3, "both": 5})
    assert rows["models", "extra"]["in"] == rows["aliases", "gpt-latest"]["in"] == "database"
    assert rows["offers", "main extra"]["in"] == "database"
    assert rows["aliases", "gpt-newest"]["in"] == "file"
    assert rows["models", "gpt-4o"]["fields"] == {
        "description": {"database": "added here", "file": ""},
        "prices.list": {
            "database": {"Input": "$2.50 per million tokens", "Output": "$10.00 per million tokens"},
            "file": {"Input": "$3.00 per million tokens", "Output": "$10.00 per million tokens"},
        },
    }
    assert rows["tokens", key_id]["fields"] == {"name": {"database": "Acme", "file": "Beta"}}
    assert rows["groups", "vip"]["fields"] == {
        "rate": {"database": "0.123456789012345678", "file": "0.5"},
        "channels": {"database": ["east"], "file": ["main"]},
    }
    assert [(row["section"], row["key"]) for row in report["differences"]][:4] == [
        ("groups", "vip"), ("offers", "east kling/v2:pro @ 'x'"), ("offers", "main extra"), ("models", "extra"),
    ]  # fmt: skip
    assert diff(file) == (code, report)

    text = diff(file, "text")[1]
    assert text.startswith("1 only in the file, 3 only in the database, 5 different. Values: database → file.\n")
    assert "model gpt-4o: different\n  description: added here → nothing\n  prices.list: Input $2.50" in text
    assert "alias gpt-latest: only in the database\nalias gpt-newest: only in the file\n" in text


def test_it_agrees_with_an_import_that_prunes(tmp_path: Path) -> None:
    rich_catalog()
    file = exported(tmp_path)
    world.price(world.model("extra"), input="1")
    PriceSheet.objects.filter(role="cost").delete()
    ModelAlias.objects.all().delete()
    model = AIModel.objects.get(name="gpt-4o")
    model.tags, model.series = [], "gpt"
    model.save()
    assert diff(file)[0] == 2

    outcome = run("yaml", file, tmp_path, "--prune", "--apply", "--allow-removals", "--accept-jumps", "--accept-loss")

    assert outcome.code == 0, outcome.out
    assert diff(file)[0] == 0
    before = file.read_bytes()
    assert exported(tmp_path).read_bytes() == before


def test_what_an_import_would_not_change_is_still_different(tmp_path: Path) -> None:
    rich_catalog()
    file = exported(tmp_path)
    model = AIModel.objects.get(name="gpt-4o")
    model.version, model.listed = "002", False
    model.save()
    for field in ("version", "listed"):
        FieldPin.objects.create(model=model, field=field, reason="by contract")
    edit(file, ("- name: gpt-latest\n  model: gpt-4o", "- name: gpt-latest\n  model: nobody"))

    code, report = diff(file)

    assert code == 2
    (row,) = [row for row in report["differences"] if row["key"] == "gpt-4o"]
    assert row["fields"] == {
        "listed": {"database": False, "file": True}, "version": {"database": "002", "file": "001"},
    }  # fmt: skip
    assert row["stays"]["version"] == "stays in an import, because it is pinned: by contract"
    assert report["left_out"] == ["model of alias gpt-latest was left out: there is no model nobody"]


def test_an_invalid_file_is_code_4(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("format: modelbook/1\ngroups:\n- {slug: vip, colour: red}\n")
    assert diff(bad)[0] == 4
    assert diff(bad)[1].startswith("group vip: the field 'colour' is unknown: use slug, label, ")
    assert diff(tmp_path / "missing.yaml")[0] == 4
    bad.write_text("")
    assert diff(bad) == (4, "The document is empty.")


def test_a_rate_that_cannot_be_stored_is_no_plan(tmp_path: Path) -> None:
    world.token_group()
    file = tmp_path / "catalog.yaml"
    file.write_text("format: modelbook/1\ngroups:\n- {slug: default, rate: 1e9}\n")
    code, report = diff(file)
    assert (code, report["differences"]) == (2, [])
    assert report["left_out"] == ["group rate default was left out: The number must not be more than 1000000"]
    assert run("yaml", file, tmp_path, "--apply").report["outcome"] == "done"


def test_an_incomplete_row_and_one_without_a_valid_limit_are_left_out(tmp_path: Path) -> None:
    world.token_group("vip")
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "format: modelbook/1\n"
        "groups:\n- {slug: vip, label: Other, budget_amount: 5, budget_currency: XXQ}\n"
        "- {slug: new, label: New, rate_limit: fast}\n"
        "channels: [{slug: west}]\naliases: [{name: newest}]\ntokens: [{key_id: abcdefghij}]\n"
    )

    code, report = diff(bad)

    assert (code, [row for row in report["differences"] if row["in"] != "database"]) == (2, [])
    rate = "This is not a valid rate. Write a number and a period, e.g. 60/minute, or several: 2/second; 1000/hour"
    currency = "This is not a valid currency. Use a code of ISO 4217, which is three capital letters, e.g. USD"
    assert [sentence.partition(" was left out: ")[::2] for sentence in report["left_out"]] == [
        ("alias newest", "a new one needs model"),
        ("channel west", "a new one needs name"),
        ("group new", f"rate_limit: {rate}"),
        ("group vip", f"budget_currency: {currency}"),
        ("token abcdefghij", "a new one needs name"),
    ]
    bad.write_text("format: modelbook/1\ngroups: [{slug: vip}, {slug: default, is_public: yes}]\n")
    assert diff(bad) == (4, "group default: is_public is neither true nor false: 'yes'.")
    bad.write_text("format: modelbook/1\nmodels: [{name: gpt-4o, starts_at: '9999-12-31T23:59:59-12:00'}]\n")
    assert diff(bad)[1].startswith("model gpt-4o: This is not a time with a zone such as ")


def test_it_writes_nothing(tmp_path: Path, django_assert_max_num_queries: Any) -> None:
    rich_catalog()
    file = exported(tmp_path)
    edit(file, ("amount: '2.5'", "amount: '3'"))
    with django_assert_max_num_queries(120) as queries:
        diff(file)
    words = ("INSERT", "UPDATE", "DELETE")
    writes = [query["sql"] for query in queries.captured_queries if query["sql"].lstrip().startswith(words)]
    assert writes == []
    assert Decimal(3) not in {line.amount for sheet in PriceSheet.objects.all() for line in sheet.lines.all()}
