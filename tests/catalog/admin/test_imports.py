"""An import's report is shown as sentences."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from catalog.imports.run_reports import LINES_SHOWN, counted, sections
from tests import admin_world


def test_each_part_has_a_title_and_one_sentence_per_line() -> None:
    report = {
        "counts": {"new": 2},
        "findings": [{"finding": "no number", "models": [f"m{n}" for n in range(7)]}, {"finding": "odd", "models": []}],
        "changed": {"gpt-4o": {"series": ["", "gpt"], "context_length": [None, 8000]}},
        "prices": {"new": ["a", "b"], "changed": {"gpt-4o": {"input": ["2.5", "3"]}}, "without": []},
    }

    assert sections(report) == [
        ("Findings", 2, ["no number (m0, m1, m2, m3, m4 and 2 more)", "odd"]),
        ("Changed models", 1, ["gpt-4o: series (none) → gpt; context_length (none) → 8000"]),
        ("Changed prices", 1, ["gpt-4o: input 2.5 → 3"]),
        ("New prices", 2, ["a", "b"]),
    ]


def test_each_table_of_the_structure_has_a_section() -> None:
    report = {
        "endpoint_types": ["holo"],
        "rates": {"vip": ["1", "0.5"]},
        "structure": {
            "endpoint_types": {"new": ["holo"], "changed": {"openai": {"label": ["", "Chat"]}}},
            "rates": {"new": [], "changed": {"vip": {"ratio": ["1", "0.5"]}}},
            "channels": {"new": ["east"], "changed": {}},
            "joins": [["vip", "east"]],
        },
    }
    tables = [
        ("Group rates", 1, ["vip: 1 → 0.5"]),
        ("Endpoint types", 2, ["holo (new)", "openai: label (none) → Chat"]),
        ("Channels", 1, ["east (new)"]),
        ("Joins", 1, ["group vip reaches east"]),
    ]

    assert sections(report) == tables
    # Reports of version 0.1.0.
    assert sections({"endpoint_types": ["holo"], "structure": {}}) == [("Endpoint types", 1, ["holo (new)"])]


def test_a_long_part_shows_its_count_and_first_lines() -> None:
    [(_, total, lines)] = sections({"new": [f"model-{n}" for n in range(3000)]})

    assert (total, len(lines)) == (3000, LINES_SHOWN)


def test_counts_of_zero_are_omitted() -> None:
    assert counted({"new_prices": 3, "missing": 0}) == {"new prices": 3}


def test_a_runs_page_escapes_the_report(admin_client: Client) -> None:
    run = admin_world.import_run()
    run.report = {"counts": {"new": 1}, "findings": [{"finding": "<b>odd</b>", "models": ["<i>"]}]}
    run.save()

    body = admin_client.get(f"/admin/catalog/importrun/{run.pk}/change/").content.decode()

    assert "&lt;b&gt;odd&lt;/b&gt; (&lt;i&gt;)" in body


@pytest.mark.django_db
def test_a_report_shows_prices_to_people_who_may_see_them(client: Client) -> None:
    run = admin_world.import_run()
    run.report = {
        "counts": {"new": 1},
        "prices": {"changed": {"gpt-4o": {"input": ["$1.23", "$4.56"]}}},
        "suspicious": {"gpt-4o": ["$4.56 is much"]},
        "rates": {"vip": ["0.777", "0.888"]},
        "unmatched": {"gpt-4x": {"candidate": "gpt-4o", "rule": "same letters", "prices": "input $7.89"}},
    }
    run.save()
    reader = User.objects.create_user("reader", is_staff=True)
    texts = {}
    for codes in (["view_importrun"], ["view_importrun", "view_pricesheet"]):
        reader.user_permissions.set(Permission.objects.filter(codename__in=codes))
        client.force_login(reader)
        texts[len(codes)] = client.get(f"/admin/catalog/importrun/{run.pk}/change/").content.decode()

    for figure in ("$1.23", "$4.56", "$7.89", "0.777"):
        assert figure not in texts[1]
        assert figure in texts[2]
    assert "same letters" in texts[1]
