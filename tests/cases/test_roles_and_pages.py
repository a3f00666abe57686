"""Roles × pages × actions: each page opens, or is refused and not offered; no page shows figures of other tables.

The pages are those of the addresses and of the admin's registry, so a new one must be added to the table here.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from catalog.models import AIModel, FieldPin, ModelAlias, Source
from pricing.models import PriceSheet, UsageEvent
from tests import admin_world, world
from tokens.models import AdminKey, OperatorGroups, Token
from tokens.operators.roles import BY_SLUG, EVERYTHING, FACTS, PRICES, Role

pytestmark = pytest.mark.django_db
# Page without a table of its own -> the roles that may open it. "anybody": every operator.
ALL = {*BY_SLUG}
PAGES: dict[str, set[str]] = {
    "index": ALL,
    "check": ALL,
    "search": ALL,
    "explain": {"viewer", "support", "automation", "auditor"},
    "unknown_models": {"viewer", "pricing", "automation", "auditor"},
    "verification": {"viewer", "pricing", "importer", "automation", "auditor"},
    "retirements_page": {"viewer", "catalog", "pricing", "importer", "automation", "auditor", "support"},
}
# Page of a row -> the roles that may open it.
ROW_PAGES: dict[str, set[str]] = {
    "auth_user_password_change": set(),
    "auth_group_copy": set(),
    "catalog_snapshot_download": {"viewer", "importer", "automation", "auditor"},
    "catalog_importrun_rollback": {"importer"},
    "catalog_importrun_aliases": {"importer"},
    "catalog_source_aliases": {"importer"},
    "catalog_aimodel_set_price": {"pricing"},
    "pricing_pricesheet_new_price": {"pricing"},
    "pricing_pricesheet_end_this": {"pricing"},
    "pricing_pricesheet_withdraw_this": set(),
    "tokens_adminkey_revoke": ALL,
    "tokens_delivery_send_one_again": {"automation"},
    "tokens_webhook_rotate": {"automation"},
    "tokens_webhook_test": {"automation"},
    "tokens_token_rotate": {"support"},
    "tokens_token_replaced": {"support"},
    "tokens_token_sees": {"viewer", "support", "automation", "auditor"},
    "tokens_token_explain": {"viewer", "support", "automation", "auditor"},
}
# Pages of other kinds: their own tests cover them.
ELSEWHERE = re.compile(
    r"account_|mfa_|operator_|openid_connect_|socialaccount_|usersessions_|login$|logout$|password_change|jsi18n$"
    r"|view_on_site$|autocomplete$|app_list$|adopt$|add_unknown$|retirement_action$|tokens_(?:token|adminkey|webhook)_new_key$|_simple_history$|_filters$|undo_change$|undo_action$"
)
OF_TABLES = ("changelist", "add", "change", "delete", "history", "export", "json")
LINK = re.compile(r'(?:href|action|hx-get|data-ajax--url)="(/admin/[^"#]*|\?[^"#]*|\.\./[^"#]*)')
AUTOCOMPLETE = re.compile(r'data-app-label="(\w+)"\s+data-model-name="(\w+)"\s+data-field-name="(\w+)"')
ACTIONS = re.compile(r'<select name="action".*?</select>', re.DOTALL)
# Links that leave the page for good, or lead to what is not a page.
NOT_FOLLOWED = re.compile(r"/admin/(?:autocomplete|logout|login|account|password_change|jsi18n|r/)")
SENTINELS = {
    "pricing.pricesheet": ["0.0457391"],
    "tokens.token": ["Sentinel Customer"],
    "tokens.tokengroup": ["77123.25"],
    "catalog.source": ["sentinel-source.example"],
    "pricing.usageevent": ["3.141592"],
    "catalog.channel": ["sentinel-upstream.example"],
}


@pytest.fixture
def rows(db: None) -> dict[str, Any]:
    rows = admin_world.one_of_everything()
    model, token, group = rows["catalog.aimodel"], rows["tokens.token"], rows["tokens.tokengroup"]
    world.price(model, role="cost", input="45739.1")
    FieldPin.objects.create(model=model, field="cost_price", reason="ours", upstream={"Input": "$0.0457391"})
    ModelAlias.objects.create(name="alias-of-it", model=model)
    Token.objects.filter(pk=token.pk).update(name="Sentinel Customer")
    group.budget_amount, group.budget_currency = Decimal("77123.25"), "USD"
    group.save()
    Source.objects.filter(pk=rows["catalog.source"].pk).update(url="https://sentinel-source.example/a.json")
    rows["catalog.channel"].base_url = "https://sentinel-upstream.example"
    rows["catalog.channel"].save()
    UsageEvent.objects.update(cost=Decimal("3.141592"))
    return rows


def addresses() -> Iterator[str]:
    """The names of all addresses of the admin."""

    def walk(resolver: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
        for pattern in resolver.url_patterns:
            path = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern, path)
            elif pattern.name:
                yield path, pattern.name

    yield from (name for path, name in walk(get_resolver()) if path.startswith("admin"))


def test_every_address_is_in_the_table() -> None:
    of_tables = {
        f"{model._meta.app_label}_{model._meta.model_name}_{page}"
        for model in admin.site._registry
        for page in OF_TABLES
    }
    unknown = {name for name in addresses() if not ELSEWHERE.search(name)} - of_tables - {*PAGES} - {*ROW_PAGES}

    assert unknown == set(), "Add them to the tables of this module."


def signed_in(name: str, *codes: tuple[str, str], role: Role | None = None) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    if role is not None:
        user.groups.add(Group.objects.get(name=role.name))
    for app, code in codes:
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
    # Operators see their own keys.
    AdminKey.objects.update(operator=user)
    client = Client()
    client.force_login(user)
    return client


def expected(role: Role, rows: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each page and whether the role may open it."""
    for name, roles in PAGES.items():
        yield (
            reverse("admin:index" if name == "index" else "admin:search" if name == "search" else name),
            (role.slug in roles),
        )
    for model in admin.site._registry:
        label = model._meta.label_lower
        actions = role.actions.get(label, "").split()
        page = f"admin:{label.replace('.', '_')}"
        key, is_written = rows[label].pk, label in admin_world.WRITTEN_BY_SOFTWARE
        yield reverse(f"{page}_changelist"), "view" in actions
        yield reverse(f"{page}_change", args=[key]), "view" in actions
        if role.slug == "viewer" or "view" not in actions:
            yield reverse(f"{page}_export"), "view" in actions
            yield reverse(f"{page}_history", args=[key]), "view" in actions
        may_add = "change" in actions if label == "catalog.importrun" else "add" in actions
        yield reverse(f"{page}_add"), may_add and not is_written
        # Sheets, rules and rates that have taken effect are ended.
        has_started = label in PRICES and label != "pricing.currencyrate"
        yield reverse(f"{page}_delete", args=[key]), "delete" in actions and not is_written and not has_started
    for name, roles in ROW_PAGES.items():
        table = next(label for label in rows if name.startswith(f"{label.replace('.', '_')}_"))
        yield reverse(f"admin:{name}", args=[rows[table].pk]), role.slug in roles


def links_of(page: str, text: str) -> set[str]:
    links = {urljoin(page, unescape(link)) for link in LINK.findall(text)}
    return {link for link in links if not NOT_FOLLOWED.match(link)}


@pytest.mark.parametrize("slug", BY_SLUG)
def test_a_role_opens_its_pages_and_is_offered_no_other_one(rows: dict[str, Any], slug: str) -> None:
    role = BY_SLUG[slug]
    client, offered, problems = signed_in("ann", role=role), set[str](), list[str]()
    status: dict[str, int] = {}
    for page, may_open in expected(role, rows):
        with transaction.atomic():
            answer = client.get(page)
            transaction.set_rollback(True)
        status[page] = answer.status_code
        if (answer.status_code in (200, 302)) is not may_open:
            problems.append(f"{page} answers {answer.status_code}, but may open: {may_open}")
        if answer.status_code == 200 and not answer.streaming:
            text = answer.content.decode()
            offered |= links_of(page, text)
            problems += _refused_choices(client, page, text)
            problems += _refused_actions(client, page, text, rows)
    # One link to each page: sorted and filtered lists are the same page.
    for path, link in {link.partition("?")[0]: link for link in sorted(offered)}.items():
        code = status[path] if path in status else client.get(link).status_code
        if code in (403, 404):
            problems.append(f"{link} is offered and answers {code}")

    assert problems == []


def _refused_choices(client: Client, page: str, text: str) -> list[str]:
    """The autocompletes of a page that are refused."""
    found = []
    for app, model, field in set(AUTOCOMPLETE.findall(text)):
        query = urlencode({"app_label": app, "model_name": model, "field_name": field, "term": ""})
        if client.get(f"/admin/autocomplete/?{query}").status_code == 403:
            found.append(f"{page} has an autocomplete for {field} that is refused")
    return found


def _refused_actions(client: Client, page: str, text: str, rows: dict[str, Any]) -> list[str]:
    """The bulk actions of a list that are refused."""
    names = {name for part in ACTIONS.findall(text) for name in re.findall(r'<option value="(\w+)"', part)}
    keys = {reverse(f"admin:{label.replace('.', '_')}_changelist"): row.pk for label, row in rows.items()}
    found = []
    for name in names:
        with transaction.atomic():
            posted = {"action": name, "_selected_action": [keys[page]]}
            if client.post(page, posted).status_code == 403:
                found.append(f"{page} offers the action {name}, which is refused")
            transaction.set_rollback(True)
    return found


def test_pages_show_figures_of_a_table_to_people_who_may_view_it(rows: dict[str, Any]) -> None:
    """Somebody with one permission to view finds nothing of other tables, also in searches, filters and orders."""
    leaks = []
    # The audit trail states the changes of all tables.
    for label, row in ((label, row) for label, row in rows.items() if label != "catalog.auditentry"):
        app, table = label.split(".")
        client = signed_in(label, (app, f"view_{table}"))
        page = f"admin:{label.replace('.', '_')}"
        pages = [
            reverse("admin:index"),
            reverse("check"),
            reverse("admin:search") + "?s=sentinel&extended=1",
            reverse(f"{page}_changelist"),
            reverse(f"{page}_export"),
            reverse(f"{page}_change", args=[row.pk]),
            reverse(f"{page}_history", args=[row.pk]),
        ]
        for address in pages:
            answer = client.get(address)
            text = (b"".join(answer) if answer.streaming else answer.content).decode()
            for other, values in SENTINELS.items():
                shown = [value for value in values if value in text and other != label]
                leaks += [f"{label} alone: {address} shows {value} of {other}" for value in shown]

    assert leaks == []


def test_a_support_person_of_one_group_finds_nothing_of_others(rows: dict[str, Any]) -> None:
    world.token("acme", name="Acme production")
    client = signed_in("sue", role=BY_SLUG["support"])
    limit = OperatorGroups.objects.create(operator=User.objects.get(username="sue"))
    limit.groups.set([world.token_group("acme")])
    token, group = rows["tokens.token"], rows["tokens.tokengroup"]
    query = urlencode({"app_label": "tokens", "model_name": "token", "field_name": "groups", "term": ""})
    pages = {
        "/admin/": 200,
        "/admin/check/": 200,
        "/admin/search/?s=sentinel&extended=1": 200,
        "/admin/tokens/token/": 200,
        "/admin/tokens/token/?q=Sentinel": 200,
        "/admin/tokens/token/export/": 200,
        "/admin/tokens/token/add/": 200,
        "/admin/tokens/tokengroup/": 200,
        "/admin/pricing/usageevent/": 200,
        f"/admin/catalog/channel/{rows['catalog.channel'].pk}/change/": 200,
        f"/admin/autocomplete/?{query}": 200,
        f"/admin/tokens/token/{token.pk}/change/": 302,
        f"/admin/tokens/token/{token.pk}/sees/": 404,
        f"/admin/tokens/token/{token.pk}/explain/": 404,
        f"/admin/tokens/token/{token.pk}/rotate/": 404,
        f"/admin/tokens/token/{token.pk}/history/": 404,
        f"/admin/tokens/tokengroup/{group.pk}/change/": 302,
    }

    for page, status in pages.items():
        answer = client.get(page)
        assert answer.status_code == status, page
        text = (b"".join(answer) if answer.streaming else answer.content).decode()
        for secret in ("Sentinel Customer", "77123.25", "3.141592"):
            assert secret not in text.replace("q=Sentinel", ""), page
    assert "Acme production" in client.get("/admin/tokens/token/").content.decode()
    explained = client.post("/admin/explain/", {"key": token.key_id, "model": "gpt-4o"}, follow=True).content.decode()
    assert "Sentinel Customer" not in explained
    fields = admin_world.filled_in(client, "/admin/tokens/token/add/", name="Mine", groups=[group.pk])
    client.post("/admin/tokens/token/add/", fields)
    assert not Token.objects.filter(name="Mine").exists()


def test_the_roles_cover_all_tables_of_the_admin() -> None:
    labels = {model._meta.label_lower for model in admin.site._registry}

    assert labels - {*EVERYTHING} == {"auth.user", "auth.group"} | ({"catalog.auditentry"} & labels)
    assert {*FACTS, *PRICES} <= {*EVERYTHING}
    assert PriceSheet._meta.label_lower in PRICES
    assert AIModel._meta.label_lower in FACTS


@pytest.mark.parametrize(
    ("permission", "page", "lookup"),
    [
        ("tokens.view_tokengroup", "tokens_tokengroup", "rate__gt"),
        ("tokens.view_tokengroup", "tokens_tokengroup", "tokens__name__startswith"),
        ("tokens.view_tokengroup", "tokens_tokengroup", "tokens__gt"),
        ("catalog.view_aimodel", "catalog_aimodel", "sheets__gt"),
        ("catalog.view_aimodel", "catalog_aimodel", "vendor__id__exact"),
        ("pricing.view_usageevent", "pricing_usageevent", "token__gt"),
        ("tokens.view_token", "tokens_token", "digest__startswith"),
        ("auth.view_user", "auth_user", "password__startswith"),
    ],
)
def test_an_address_does_not_filter_by_figures_of_other_tables(permission: str, page: str, lookup: str) -> None:
    app, code = permission.split(".")
    client = signed_in("ann", (app, code))

    for address in ("changelist", "export"):
        assert client.get(f"{reverse(f'admin:{page}_{address}')}?{lookup}=1").status_code == 400


@pytest.mark.parametrize(("action", "table"), [("disable", "channel"), ("delete_selected", "channel")])
def test_a_confirmation_names_keys_and_prices_for_those_who_may_see_them(
    rows: dict[str, Any], action: str, table: str
) -> None:
    row = rows[f"catalog.{table}"]
    for name, sees in (("catalog", False), ("root", True)):
        client = signed_in(name, role=BY_SLUG["catalog"])
        User.objects.filter(username="root").update(is_superuser=True)
        page = reverse(f"admin:catalog_{table}_changelist")
        text = client.post(page, {"action": action, "_selected_action": [row.pk]}).content.decode()
        assert 'id="confirmation_form"' in text
        assert ("Sentinel Customer" in text) is sees
        assert ("A key loses" in text) is not sees


def test_a_permission_to_change_reporters_shows_no_tokens(rows: dict[str, Any]) -> None:
    client = signed_in("ann", *(("pricing", f"{action}_usagereporter") for action in ("view", "change", "delete")))
    key, page = rows["pricing.usagereporter"].pk, "admin:pricing_usagereporter"

    assert client.get(reverse(f"{page}_changelist")).status_code == 403
    for name in ("change", "delete", "history"):
        assert client.get(reverse(f"{page}_{name}", args=[key])).status_code == 403
