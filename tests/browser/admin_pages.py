"""Every type of page of the admin: those that have an address, and those that are the answer to a form.

They are found in the addresses and the registered tables, so a new page, table or action is one of them by itself.
"""

import datetime as dt
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from fido2.cose import ES256
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
)

from catalog.models import AuditEntry, ImportRun
from catalog.request_id import request_id_scope
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import save_plan
from pricing.models import UsageReporter
from pricing.usage.events import Event, record_events
from pricing.usage.quantities import read_usage
from tests import admin_world, world
from tests.pricing.verification import books
from tokens.operators.encryption import CIPHER

# Answers to scripts, and a redirect to the public page of a row.
NO_PAGES = {"autocomplete", "jsi18n", "view_on_site", "search"}
# Every table has these, and they are no pages.
NO_PAGES_OF_TABLES = ("_export", "_filters")
# The tables with the richest lists and forms, whose templates all tables share.
RICH = ("admin:catalog_aimodel", "admin:catalog_importrun", "admin:pricing_pricesheet", "admin:tokens_token_")
BY_TABLE = {"admin/change_list.html", "admin/change_form.html"}


@dataclass(frozen=True)
class AdminPage:
    """A page and the fields of the form that leads to it; without fields, it has an address of its own."""

    name: str
    path: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    is_signed_in: bool = True
    is_refused: bool = False
    template: str = ""


def one_of_each_template(pages: list[AdminPage]) -> list[AdminPage]:
    """The pages without those that look like another one; lists and forms are those of the richest tables."""
    of_kind: dict[tuple[str, bool], AdminPage] = {}
    for page in pages:
        is_of_table, is_posted = page.template in BY_TABLE, bool(page.fields)
        if not is_of_table or is_posted:
            of_kind.setdefault((page.template or page.name, is_posted), page)
        elif page.name.startswith(RICH):
            of_kind[page.name, is_posted] = page
    return list(of_kind.values())


def find_pages(client: Client) -> list[AdminPage]:
    """A page of each type, from one row of every table and what the special pages show.

    The client is signed in. Pages of visitors come last.
    """
    rows = admin_world.one_of_everything()
    operator = client.get("/admin/").context["user"]
    examples = _examples(rows) | _examples_of_sign_in(client, operator)
    pages = [AdminPage(name, path) for name, path in _with_address(rows, examples)]
    verification = client.get(reverse("verification")).content.decode()
    adopting = re.search(r'href="(/admin/verification/\d+/[^"]+)"', verification)
    assert adopting, "the example of the verification adopts nothing"
    pages.append(AdminPage("adopt", adopting[1]))
    forms = [*_of_actions(operator, rows), *_of_forms(client, rows)]
    no_pages = [AdminPage("no page", "/admin/nowhere/"), AdminPage("no form", "/admin/catalog/snapshot/add/")]
    refused = [replace(page, is_refused=True) for page in no_pages]
    entrances = [replace(page, is_signed_in=False) for page in pages]
    return [*_opened(client, pages), *_opened(client, forms), *refused, *_opened(Client(), entrances)]


def _opened(client: Client, pages: list[AdminPage]) -> Iterator[AdminPage]:
    """Those of the pages that this client gets, with their templates."""
    for page in pages:
        response: Any = client.post(page.path, page.fields) if page.fields else client.get(page.path)
        if response.status_code == HTTPStatus.OK and response["Content-Type"].startswith("text/html"):
            yield replace(page, template=response.templates[0].name)


def _examples_of_sign_in(client: Client, operator: Any) -> dict[str, str]:
    """A second factor of each kind, and a password that was entered just now."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "username": "maria"}]
    session.save()
    rows = Authenticator.objects
    rows.create(user=operator, type=Authenticator.Type.TOTP, data={"secret": CIPHER.encrypt("A" * 32)})
    rows.create(
        user=operator, type=Authenticator.Type.RECOVERY_CODES, data={"seed": CIPHER.encrypt("x"), "used_mask": 0}
    )
    device = {"name": "Phone", "credential": _passkey()}
    passkey = rows.create(user=operator, type=Authenticator.Type.WEBAUTHN, data=device)
    link = {"uidb36": "1", "key": "set-password"}
    return {
        "mfa_edit_webauthn": reverse("mfa_edit_webauthn", args=[passkey.pk]),
        "mfa_remove_webauthn": reverse("mfa_remove_webauthn", args=[passkey.pk]),
        "account_reset_password_from_key": reverse("account_reset_password_from_key", kwargs=link),
    }


def _passkey() -> dict[str, Any]:
    """What a device registers, with a key that signs nothing."""
    key = AttestedCredentialData.create(b"0" * 16, b"phone", ES256({1: 2, 3: -7, -1: 1, -2: b"1" * 32, -3: b"1" * 32}))
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    about = AttestationObject.create("none", AuthenticatorData.create(b"0" * 32, flags, 0, key), {})
    asked = CollectedClientData.create(CollectedClientData.TYPE.CREATE, b"asked", "https://testserver")
    response = AuthenticatorAttestationResponse(client_data=asked, attestation_object=about)
    return dict(RegistrationResponse(raw_id=b"phone", response=response))


def _examples(rows: dict[str, Any]) -> dict[str, str]:
    """Name of an address -> a path with the arguments with which its page shows the most."""
    now = timezone.now()
    token, _ = world.token(name="gateway")
    UsageReporter.objects.create(token=token)
    usage = read_usage({"input": 1000, "output": 200})
    event = Event("1", token.key_id, "openai/gpt-4o", now - dt.timedelta(hours=1), usage)
    record_events([event], reporter=token.pk, reporter_name=token.key_id, at=now)
    world.channel("c")
    books.store("litellm", books.litellm(gpt_5="2.5e-06", gpt_4="3e-05", **{"long-" * 20 + "name": "1e-06"}))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))
    books.hold("genai_prices", books.genai_prices(gpt_5={"input_mtok": 3, "output_mtok": 10}))
    names = (
        "x-ai/gpt-4o",
        "openai/gpt-4o",
        "openai/gpt-5",
        "openai/" + "long-" * 20 + "name",
        "a/new-one",
        "openai/gpt-4",
    )
    quotes = [{"id": name, "pricing": {"prompt": "0.00009", "completion": "0.00001"}} for name in names]
    content = json.dumps({"data": quotes}).encode()
    waiting = save_plan(content, Options(source=SOURCES["openrouter"], channel="c"), at=now)[1]
    assert waiting is not None
    scheduled = world.price(rows["catalog.aimodel"], input="3", starts_at=now + dt.timedelta(days=9))
    applied = ImportRun.objects.filter(status=ImportRun.Status.APPLIED, source__slug="litellm").latest("pk")
    with request_id_scope("req_example"):
        world.channel("d")
    entries = AuditEntry.objects.filter(request_id="req_example")
    created, joined = entries.earliest("pk"), entries.latest("pk")
    return {
        "undo_change": reverse("undo_change", args=[joined.pk]),
        "undo_action": reverse("undo_action", args=[created.pk]),
        "admin:app_list": reverse("admin:app_list", args=["catalog"]),
        "admin:catalog_importrun_change": reverse("admin:catalog_importrun_change", args=[waiting.pk]),
        "admin:catalog_importrun_aliases": reverse("admin:catalog_importrun_aliases", args=[waiting.pk]),
        "admin:catalog_importrun_rollback": reverse("admin:catalog_importrun_rollback", args=[applied.pk]),
        "admin:catalog_source_aliases": reverse("admin:catalog_source_aliases", args=[waiting.source_id]),
        "admin:pricing_pricesheet_withdraw_this": reverse(
            "admin:pricing_pricesheet_withdraw_this", args=[scheduled.pk]
        ),
        "add_unknown": reverse("add_unknown") + "?as=alias&name=openai/gpt-4o&model=gpt-4o",
        "adopt": "",
        "retirement_action": reverse("retirement_action", args=[_retire(), "notify"]),
    }


def _retire() -> int:
    """The key of a model that retires and has a successor, with a long name."""
    successor = world.model("successor/" + "long-" * 20 + "name")
    world.price(successor, input="9")
    retires_on = timezone.now().date() + dt.timedelta(days=40)
    old = world.model("openai/gpt-old", retires_on=retires_on, successor=successor)
    world.price(old, input="3", output="4")
    return old.pk


def _with_address(rows: dict[str, Any], examples: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, number in _names():
        if path := examples[name] if name in examples else _path(name, number, rows):
            yield name, path
    yield "the report of an import", reverse("admin:catalog_importrun_change", args=[rows["catalog.importrun"].pk])


def _names() -> Iterator[tuple[str, int]]:
    """The name of each address of the admin, and the number of its arguments."""
    seen = set()
    for route, prefix, pattern in _patterns(get_resolver().url_patterns):
        name = f"{prefix}{pattern.name}"
        is_page = pattern.name and pattern.name not in NO_PAGES and not pattern.name.endswith(NO_PAGES_OF_TABLES)
        if route.startswith("admin/") and is_page and name not in seen:
            seen.add(name)
            yield name, pattern.pattern.regex.groups


def _patterns(patterns: list[Any], route: str = "", prefix: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from _patterns(pattern.url_patterns, route + str(pattern.pattern), inner)
        else:
            yield route + str(pattern.pattern), prefix, pattern


def _path(name: str, number: int, rows: dict[str, Any]) -> str:
    """The path of an address without arguments, or of one about a row of the table in its name."""
    if not number:
        return reverse(name)
    label = next(
        (
            label
            for label in sorted(rows, key=len, reverse=True)
            if name.startswith(f"admin:{label.replace('.', '_')}_")
        ),
        None,
    )
    assert label, f"{name} needs an example of its arguments"
    row = rows[label]
    if number == 1:
        return reverse(name, args=[row.pk])
    assert name.endswith("_simple_history"), f"{name} needs an example of its arguments"
    return reverse(name, args=[row.pk, row.history.latest().pk])


def _of_actions(operator: Any, rows: dict[str, Any]) -> Iterator[AdminPage]:
    """The pages with which actions on selected rows begin: confirmations, and forms to fill in."""
    request = RequestFactory().get("/")
    request.user = operator
    for model, model_admin in admin.site._registry.items():
        label = model._meta.label_lower
        path = reverse(f"admin:{label.replace('.', '_')}_changelist")
        for action in model_admin.get_actions(request):
            fields = {"action": action, "_selected_action": str(rows[label].pk)}
            yield AdminPage(f"{label}: {action}", path, fields)


def _of_forms(client: Client, rows: dict[str, Any]) -> Iterator[AdminPage]:
    """Forms with errors, a change to confirm, and a preview."""
    for label in ("catalog.aimodel", "pricing.discountrule", "pricing.pricesheet", "tokens.token"):
        path = reverse(f"admin:{label.replace('.', '_')}_add")
        fields = _filled_in(client, path, multiplier="no", expires_at_0="no")
        yield AdminPage(f"{label} with errors", path, fields)
    path = reverse("admin:catalog_channel_change", args=[rows["catalog.channel"].pk])
    fields = _filled_in(client, path)
    del fields["enabled"]
    yield AdminPage("a change to confirm", path, fields)


def _filled_in(client: Client, path: str, **changes: Any) -> dict[str, Any]:
    fields = admin_world.filled_in(client, path, **changes)
    # Each form has a token of its own, which the browser adds.
    return {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}
