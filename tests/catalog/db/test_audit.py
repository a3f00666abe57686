"""Every change and every event has one entry in the audit trail, and each entry has the hash of the one before it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from simple_history.utils import get_history_model_for_model

from catalog.db import audit, bulk, chain
from catalog.db.deletion import delete_with_history
from catalog.db.history import actor_scope
from catalog.models import AIModel, AuditEntry, AuditHead, Source
from catalog.request_id import request_id_scope
from tests import world
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def entries(**about: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**about).order_by("number"))


def newest() -> AuditEntry:
    return AuditEntry.objects.latest("pk")


def histories() -> set[tuple[str, int]]:
    return {
        (model._meta.label_lower, key)
        for model in audit.recorded_models()
        for key in get_history_model_for_model(model).objects.values_list("history_id", flat=True)
    }


def assert_is_complete() -> None:
    """Every history row has one entry, and the chain has no gap."""
    changes = entries(stream="changes")
    events: set[Any] = {(entry.kind, None) for entry in changes if entry.run and entry.history is None}
    assert {(entry.kind, entry.history) for entry in changes} == histories() | events
    for stream in ("changes", "events"):
        previous = chain.FIRST
        chained = entries(stream=stream)
        for number, entry in enumerate(chained, start=1):
            assert entry.number == number
            values = [getattr(entry, name) for name in audit.FIELDS]
            values[audit.FIELDS.index("changes")] = AuditEntry._meta.get_field("changes").get_prep_value(entry.changes)
            previous = chain.hash_of(previous, values)
            assert bytes(entry.hash) == previous
        head = AuditHead.objects.filter(stream=stream).values_list("number", "hash").first() or (0, chain.FIRST)
        assert (head[0], bytes(head[1])) == (len(chained), previous)


def test_each_save_of_any_table_has_an_entry() -> None:
    token, _ = world.token("default", "vip")
    world.price(world.model(), input="1", output="2")
    Source.objects.create(slug="ours", name="Ours")
    token.note = "new"
    token.save()
    token.delete()

    assert_is_complete()
    actions = [entry.action for entry in entries(kind="tokens.token")]
    assert (actions[0], actions[-1], set(actions[1:-1])) == ("issued", "deleted", {"changed"})


def test_bulk_writes_have_an_entry_for_each_row() -> None:
    for name in "abc":
        world.model(name)
        world.token("default", "vip", name=name)
    bulk.update_with_history(AIModel.objects.all(), reason="an incident", status="draft")
    bulk.update_with_history(Token.objects.all(), enabled=False)
    delete_with_history(AIModel.objects.all())
    delete_with_history(Token.objects.all())

    assert_is_complete()
    assert [entry.name for entry in entries(kind="catalog.aimodel", action="deleted")] == ["a", "b", "c"]
    assert {entry.reason for entry in entries(kind="catalog.aimodel", action="changed")} == {"an incident"}


def test_an_entry_says_who_did_what_in_which_request() -> None:
    boss = User.objects.create_superuser("boss")
    model: Any = world.model("gpt-4o")
    model._history_user = boss
    model._change_reason = "renamed by the vendor"
    with request_id_scope("req_1", address="203.0.113.7"):
        model.save()

    entry = newest()
    assert (entry.actor, entry.actor_key, entry.action, entry.kind) == ("boss", boss.pk, "changed", "catalog.aimodel")
    assert (entry.object_key, entry.name, entry.reason) == (str(model.pk), "gpt-4o", "renamed by the vendor")
    assert (entry.request_id, entry.address) == ("req_1", "203.0.113.7")
    assert model.history.latest("history_id").history_id == entry.history


def test_the_name_of_a_deleted_operator_stays() -> None:
    User.objects.create_superuser("other")
    boss = User.objects.create_superuser("boss")
    bulk.create_rows([Source(slug="ours", name="Ours")], actor=boss)
    boss.delete()

    row = Source.history.get()
    assert (row.actor, row.history_user) == ("boss", None)
    assert [entry.actor for entry in entries(kind="catalog.source")] == ["boss"]


def test_commands_and_schedules_are_named() -> None:
    world.vendor("first")
    assert newest().actor.endswith(", on the command line")
    with actor_scope("sync_sources, on schedule"):
        world.vendor("second")
    assert newest().actor == "sync_sources, on schedule"
    with request_id_scope("req_1"):
        world.vendor("third")
    assert newest().actor == "not signed in"


def test_an_event_has_an_entry_in_a_chain_of_its_own() -> None:
    boss = User.objects.create_superuser("boss")
    audit.record("signed in", about=boss, actor=boss)
    audit.record("changed", about=boss, actor="root", changes={"roles": ("", "Viewer")}, reason="new here")
    audit.record("applied", kind="catalog.importrun", name="LiteLLM #3", run=3)

    assert_is_complete()
    # Before them, roles and the operator were created.
    first, second = entries(stream="events")[-2:]
    assert (first.actor, first.actor_key, first.action, first.name) == ("boss", boss.pk, "signed in", "boss")
    assert (second.actor, second.actor_key, second.changes) == ("root", None, {"roles": ["", "Viewer"]})
    assert [entry.name for entry in entries(run=3, stream="changes")] == ["LiteLLM #3"]


def test_a_rollback_takes_the_entries_with_it() -> None:
    world.vendor("first")
    before = histories()
    with transaction.atomic():
        world.vendor("second")
        audit.record("signed in", kind="auth.user", name="boss")
        transaction.set_rollback(True)
    world.vendor("third")

    assert len(histories()) == len(before) + 1
    assert_is_complete()


def test_a_value_has_one_form_on_every_database() -> None:
    at = dt.datetime(2026, 11, 30, 8, 30, tzinfo=dt.UTC)
    values = [1, True, None, "é\n", Decimal("0.250"), dt.date(2026, 1, 2), at, at.replace(microsecond=5), b"\x01"]
    assert chain.canonical(values).decode() == (
        '[1,1,null,"é\\n","0.250","2026-01-02","2026-11-30 08:30:00","2026-11-30 08:30:00.000005","01"]'
    )
    assert chain.fingerprint("tokens.token", ["id", "name"]) == 4134478772537265257
