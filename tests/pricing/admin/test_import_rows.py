"""Changes that are not about a model are shown, have their own checkbox, and are not lost if models are selected."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import AIModel, Channel, ImportRun
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import apply_run, plan_of, save_plan
from tests.samples import sample

pytestmark = pytest.mark.django_db
OPTIONS = Options(source=SOURCES["yaml"])
DOCUMENT = sample("yaml.yaml").replace(b"vendor: sample", b"vendor: sample\n    status: published")


def waiting(content: bytes = DOCUMENT) -> ImportRun:
    run = save_plan(content, OPTIONS, at=timezone.now())[1]
    assert run is not None
    return run


def apply(run: ImportRun, **options: Any) -> ImportRun | None:
    now = timezone.now()
    return apply_run(run, at=now, seen=plan_of(run, at=now).fingerprint, **options)[1]


def test_a_disabled_channel_is_shown_and_applied(admin_client: Client) -> None:
    apply(waiting())
    run = waiting(DOCUMENT.replace(b"name: Main\n    enabled: true", b"name: Main\n    enabled: false"))
    page = admin_client.get(reverse("admin:catalog_importrun_change", args=[run.pk])).content.decode()
    assert "Other changes" in page
    assert "Channel main enabled" in page
    assert apply(run, chosen=(), beside=True) is None
    assert not Channel.objects.get(slug="main").enabled


def test_a_selected_model_gets_its_status_and_the_rest_waits() -> None:
    rest = apply(waiting(), chosen={"sample-chat"})
    assert AIModel.objects.get().status == "published"
    assert not Channel.objects.exists()
    assert rest is not None
    assert apply(rest) is None
    assert Channel.objects.get().offers.count() == 1
