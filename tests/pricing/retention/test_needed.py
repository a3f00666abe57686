"""Which documents remain when they are old, and the data of other kinds that is removed."""

import datetime as dt
import json

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session

from catalog.models import NameList
from pricing.imports.pipeline import apply_import
from tests.pricing.retention.year import NOW, OLD, OPTIONS, STEP, VERSIONS, document, import_versions, prune_all

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def test_the_next_document_is_still_compared_with_the_last_one() -> None:
    """However old the last one is: a source may be a file that is imported once a year."""
    import_versions(range(2), every=dt.timedelta(days=1), origin="prices.json")
    assert prune_all() == {}
    few = json.dumps(dict(list(json.loads(document(2)).items())[:3])).encode()
    plan, run = apply_import(few, OPTIONS, at=NOW, origin="prices.json")

    assert run is None
    assert [guard.option for guard in plan.guards] == ["allow_removals"]


def test_files_with_dates_in_their_names_are_versions_of_one_document() -> None:
    for version in range(VERSIONS):
        import_versions(range(version, version + 1), every=STEP, origin=f"prices-{version}.json")

    assert prune_all()["reports of imports"] == OLD


def test_ids_that_no_import_lists_any_more_are_removed() -> None:
    for versions, models in ((range(3), 6), (range(3, 6), 7), (range(6, VERSIONS), 8)):
        import_versions(versions, every=STEP, models=models)
    assert prune_all()["name lists"] == 2
    assert len(NameList.objects.get().names) == 8


def test_expired_sessions_and_old_login_attempts_are_removed() -> None:
    for days in (-1, 1):
        Session.objects.create(session_key=f"s{days}", session_data="x" * 40, expire_date=NOW + dt.timedelta(days=days))
    for days in (100, 1):
        AccessAttempt.objects.create(username=f"eve {days}", ip_address="203.0.113.7", failures_since_start=1)
        AccessAttempt.objects.filter(attempt_time=NOW).update(attempt_time=NOW - dt.timedelta(days=days))

    assert prune_all() == {"expired sessions": 1, "login attempts": 1}
    assert Session.objects.get().session_key == "s1"
