"""The audit trail shows addresses without their queries, which may contain keys."""

import pytest

from catalog.audit.changes import changes_of
from catalog.models import AuditEntry, Source

pytestmark = pytest.mark.django_db


def test_the_query_of_an_address_is_not_shown() -> None:
    source = Source.objects.create(slug="upstream", name="Upstream", reader="litellm", url="https://a.example/x?key=s3")
    source.url = "https://b.example/y?key=s4"
    source.save()

    shown = [change for changes in changes_of(AuditEntry.objects.all()).values() for change in changes]
    urls = [(change.old, change.new) for change in shown if change.field == "URL"]

    assert urls == [("", "https://a.example/x?…"), ("https://a.example/x?…", "https://b.example/y?…")]
    assert "s3" not in str(shown)
