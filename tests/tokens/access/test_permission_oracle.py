"""10,000 random pairs of a catalog and a key: every response in every dialect equals the result of brute force.

What a key may see, when, from where and whether it may call it: the lists, the single models, the price list, the
permission check of gateways, the panel of the admin and the explanations all say the same, and name nothing else.
"""

import datetime as dt
import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from catalog.exact import read_json, write_json
from catalog.models import AIModel
from tests.sizes import FULL
from tests.tokens.access.oracle import (
    ADDRESSES,
    DAY,
    NOW,
    WORDS,
    PlainCatalog,
    PlainKey,
    permits,
    random_catalog,
    refusal,
)
from tests.tokens.access.oracle_rows import stored
from tokens.access.index import CatalogState
from tokens.access.many_scopes import ManyScopes
from tokens.access.prices import with_prices
from tokens.access.visibility import Listing
from tokens.auth.authentication import row_of, scope_of, scopes_of
from tokens.auth.explaining import explain, survey
from tokens.dialects.anthropic import Anthropic
from tokens.dialects.base import ListParts
from tokens.dialects.gemini import Gemini
from tokens.dialects.openai import OpenAI
from tokens.models import Token, TokenGroup
from tokens.scope import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CHUNKS = 10
# The catalogs of a chunk, the keys of a catalog, and how many keys there are for each one that is tested over HTTP: a
# request takes three times as long as a list by itself.
CATALOGS, KEYS, ASKED = (10, 100, 10) if FULL else (1, 40, 1)
STATUSES = {
    "": 200, "key_disabled": 401, "key_expired": 401, "key_not_yet_valid": 401, "ip_not_allowed": 403,
    "model_not_found": 404, "model_not_allowed": 403, "model_retired": 403, "insufficient_quota": 403,
}  # fmt: skip


@dataclass(frozen=True)
class Language:
    """How a dialect's clients ask, and where its bodies have what is compared."""

    header: str
    address: str
    listed: Callable[[Any], list[str]]
    name: Callable[[Any], str]
    code: Callable[[Any], str]
    query: str = ""
    headers: Mapping[str, str] | None = None
    shows_retired: bool = False


def code_of(body: Any) -> str:
    return str(body["error"]["code"])


OPENAI = Language(
    "authorization", "/v1/models", lambda body: [row["id"] for row in body["data"]], lambda body: body["id"], code_of
)
CODEX = Language(
    "authorization",
    "/v1/models",
    lambda body: [row["slug"] for row in body["models"]],
    lambda body: body["id"],
    code_of,
    query="?client_version=0.169",
)
ANTHROPIC = Language(
    "x-api-key",
    "/v1/models",
    lambda body: [row["id"] for row in body["data"]],
    lambda body: body["id"],
    lambda body: str(body["error"]["details"]["error_code"]),
    headers={"anthropic-version": "2023-06-01"},
)
WITH_RETIRED = Language(
    ANTHROPIC.header,
    ANTHROPIC.address,
    ANTHROPIC.listed,
    ANTHROPIC.name,
    ANTHROPIC.code,
    query="?lifecycle=active,deprecated,retired",
    headers=ANTHROPIC.headers,
    shows_retired=True,
)
GEMINI = Language(
    "x-goog-api-key",
    "/v1beta/models",
    lambda body: [row["baseModelId"] for row in body["models"]],
    lambda body: body["name"].removeprefix("models/"),
    # Its errors have the status there, and no code.
    lambda body: next(code for code in STATUSES if STATUSES[code] == body["error"]["code"]),
)
LANGUAGES = (OPENAI, CODEX, ANTHROPIC, WITH_RETIRED, GEMINI)


@dataclass
class Case:
    """One key of one catalog, and where its holder is."""

    client: Client
    plain: PlainCatalog
    key: PlainKey
    token: Token
    sent: str
    address: str
    dice: random.Random

    @property
    def refusal(self) -> str:
        return refusal(self.key, self.address)

    def get(self, path: str, language: Language = OPENAI) -> Any:
        value = f"Bearer {self.sent}" if language.header == "authorization" else self.sent
        headers = {language.header: value, **(language.headers or {})}
        return self.client.get(path, headers=headers, REMOTE_ADDR=self.address)

    def quote(self, name: str, at: dt.datetime) -> Any:
        return self.client.post(
            "/api/pricing/quote",
            {"model": name, "usage": {"input": 1}, "at": at.isoformat()},
            content_type="application/json",
            headers={"authorization": f"Bearer {self.sent}"},
            REMOTE_ADDR=self.address,
        )

    def some_name(self) -> str:
        """An id or an alias of some model, more often of one that is seen than by chance, or of none."""
        seen = self.plain.seen(self.key, retired=True)
        visible = [model for model in self.plain.models if model.name in seen]
        model = self.dice.choice(visible if visible and self.dice.random() < 0.5 else self.plain.models)
        end = self.dice.choice(["", "q", "*q", "/y"])
        name = f"{self.dice.choice(WORDS)}-q" if self.dice.random() < 0.3 else model.name.replace("*", end)
        return self.dice.choice([model.name, *model.aliases, f"{model.name}x", name])

    def holds_no_more_than(self, seen: set[str], text: str, *, asked: str = "") -> None:
        """That no other model is named, but by who asked."""
        text = text.replace(asked, "") if asked else text
        assert not [model.name for model in self.plain.models if model.name not in seen and model.name in text], self


class Once(Listing):
    """Reads the catalog once for the lists of all dialects."""

    @functools.cached_property
    def _read_once(self) -> CatalogState:
        return super()._state()

    def _state(self) -> CatalogState:
        return self._read_once


def decides(case: Case, scope: Scope, rows: list[AIModel]) -> None:
    """The rules by themselves: whether the token's own key is taken, and what its patterns let through."""
    code, priced = refusal(replace(case.key, grace=None), case.address), with_prices(scope, at=NOW)
    assert next(scope.refusals(at=NOW, address=case.address), "") == code, case
    for row, model in zip(rows, case.plain.models, strict=True):
        # What a draft costs is of no interest.
        costs = case.plain.costs(model, case.key) if model.published else {}
        expected = permits(model, case.key.allow, case.key.deny, costs)
        assert priced.permits(row, model.aliases) == expected, (case, row)
    if not code:
        is_listed_in_every_dialect(case, scope)


def calls_something(case: Case) -> bool:
    """Whether an allow pattern, without its stars, is an id for which a wildcard model stands."""
    names = (
        pattern.removeprefix("id:") if pattern.startswith("id:") else pattern.replace("*", "")
        for pattern in case.key.allow or ()
    )
    return any(case.plain.answers(name, case.key) is not None for name in names)


def read_list(parts: ListParts) -> Any:
    return read_json(parts.head + b",".join(parts.rows) + parts.tail)


def is_listed_in_every_dialect(case: Case, scope: Scope) -> None:
    """The list of a key that is taken, in one query."""
    listing, seen = Once(scope, NOW), case.plain.seen(case.key)
    openai, anthropic, gemini = OpenAI(), Anthropic(), Gemini()
    bodies = [
        read_list(openai.list_parts(listing, openai.read_page(QueryDict("client_version=1"), listing))),
        read_list(anthropic.list_parts(listing, anthropic.read_page(QueryDict(), listing))),
        read_list(gemini.list_parts(listing, gemini.read_page(QueryDict(), listing))),
    ]
    for language, body in zip((OPENAI, CODEX, ANTHROPIC, GEMINI), (bodies[0], *bodies), strict=True):
        listed = case.plain.for_codex(seen) if language is CODEX else seen
        assert sorted(language.listed(body)) == sorted(listed), case
    case.holds_no_more_than(seen, write_json(bodies).decode())


def lists(case: Case) -> None:
    language = case.dice.choice(LANGUAGES)
    answer = case.get(language.address + language.query, language)
    if case.refusal:
        refused(case, answer, language, case.refusal)
        return
    seen = case.plain.seen(case.key, retired=language.shows_retired)
    listed = case.plain.for_codex(seen) if language is CODEX else seen
    assert sorted(language.listed(answer.json())) == sorted(listed), case
    case.holds_no_more_than(seen, answer.content.decode())


def single(case: Case) -> None:
    language, name = case.dice.choice(LANGUAGES), case.some_name()
    answer = case.get(f"{language.address}/{quote(name)}{language.query}", language)
    # Anthropic's clients can list what has retired, so they may ask for one of them.
    retired = language in (ANTHROPIC, WITH_RETIRED)
    seen = case.plain.seen(case.key, retired=retired)
    model = case.plain.answers(name, case.key)
    if model is None and retired:
        model = case.plain.answers(name, case.key, retired=True)
    if case.refusal or model is None:
        refused(case, answer, language, case.refusal or "model_not_found", asked=name)
        return
    is_wild = model.endswith("*")
    assert language.name(answer.json()) == (name if is_wild else model), case
    case.holds_no_more_than(seen, answer.content.decode(), asked=name if is_wild else "")


def refused(case: Case, answer: Any, language: Language, code: str, *, asked: str = "") -> None:
    assert answer.status_code == STATUSES[code], case
    assert STATUSES[language.code(answer.json())] == STATUSES[code] if language is GEMINI else True
    assert language is GEMINI or language.code(answer.json()) == code, case
    case.holds_no_more_than(set(), answer.content.decode(), asked=asked)


def authorizes(case: Case) -> None:
    name = case.some_name()
    answer = case.get(f"/api/authorize?model={quote(name)}")
    retired = case.plain.answers(name, case.key, retired=True)
    if case.plain.answers(name, case.key) is not None:
        code = "insufficient_quota" if case.key.over_budget else ""
    else:
        code = "model_retired" if retired else "model_not_allowed"
    code = case.refusal or code
    assert answer.status_code == (STATUSES[code] if code else 204), case
    assert answer.get("X-Modelbook-Reason", "") == code, case
    shown = {str(retired), *case.plain.seen(case.key)} if code == "model_retired" else set()
    case.holds_no_more_than(shown, answer.content.decode())


def explains(case: Case) -> None:
    name = case.some_name()
    key_id = case.sent.split("_")[2]
    explanation = explain(case.token, name, at=NOW, address=case.address, key_id=key_id)
    is_seen = not case.refusal and case.plain.answers(name, case.key) is not None
    assert explanation.visible == is_seen, (case, explanation)
    assert explanation.callable == (is_seen and not case.key.over_budget), (case, explanation)


def shows_in_the_admin(case: Case) -> None:
    """The panel shows the token's own key, without the network that it is used from."""
    explanations = survey(scope_of(row_of(case.token)), at=NOW)
    is_taken = not refusal(replace(case.key, grace=None), None)
    seen = case.plain.seen(case.key) if is_taken else set()
    assert {explanation.name for explanation in explanations if explanation.visible} == seen, case
    assert len(explanations) == len(case.plain.models)


def prices(case: Case) -> None:
    """A key that is refused there is a visitor's."""
    answer = case.get("/api/pricing?unpriced=rows")
    seen, groups = (case.plain.public(), case.plain.of_visitors()) if case.refusal else (
        case.plain.seen(case.key), set(case.plain.reached(case.key)),
    )  # fmt: skip
    seen = case.plain.priced(seen)
    body = answer.json()
    assert sorted(row["model_name"] for row in body["data"]) == sorted(seen), case
    assert sorted(body["usable_group"]) == sorted(body["group_ratio"]) == sorted(groups), case
    assert body["auto_groups"] == [slug for slug in case.plain.automatic() if slug in groups], case
    for model in (model for model in case.plain.models if model.name in seen):
        row = next(row for row in body["data"] if row["model_name"] == model.name)
        assert row["enable_groups"] == sorted(slug for slug in groups if case.plain.payer(model, [slug])), case
    case.holds_no_more_than(seen, answer.content.decode())


def prices_of_another_day(case: Case) -> None:
    """The list, a quote and the history: what may be seen is that of today, and what has retired that of the day.

    Keys get prices by name also of models that the list leaves out.
    """
    at, name = NOW + case.dice.choice((-DAY, -DAY, 0 * DAY, DAY)), case.some_name()
    on, reader = at.date(), None if case.refusal else case.key
    answers = functools.partial(case.plain.answers, name, reader, priced=reader is None)
    see: Callable[..., set[str]] = functools.partial(case.plain.seen, case.key)
    if case.refusal:
        see = lambda **day: case.plain.priced(case.plain.public(**day))  # noqa: E731
    body = case.get(f"/api/pricing?as_of={on}&unpriced=rows").json()
    midnight = dt.datetime.combine(on, dt.time(), tzinfo=dt.UTC)
    assert sorted(row["model_name"] for row in body["data"]) == sorted(case.plain.priced(see(at=midnight))), case
    quoted, model = case.quote(name, at), answers(at=at)
    assert (quoted.status_code == 200) == (model is not None), (case, name)
    assert model is None or quoted.json()["group"] == case.plain.paying(model, reader), (case, name)
    history = case.get(f"/api/pricing/history/{quote(name)}")
    model = answers(retired=True)
    assert (history.status_code == 200) == (model is not None), (case, name)
    case.holds_no_more_than({*see(retired=True), model or ""}, history.content.decode(), asked=name)


def tells_the_holder(case: Case) -> None:
    answer, key = case.get("/api/token"), case.key
    if case.refusal:
        refused(case, answer, OPENAI, case.refusal)
        return
    data = answer.json()["data"]
    assert [group["name"] for group in data["groups"]] == case.plain.reached(key), case
    assert (data["allow"], data["networks"], data["is_over_budget"]) == (key.allow, key.networks, key.over_budget), case
    assert data["rate_limit"] == case.plain.rate(key), case
    end = min((end for end in (key.expires_at, key.grace) if end), default=None)
    assert data["expires_at"] == (end and end.strftime("%Y-%m-%dT%H:%M:%SZ")), case


QUESTIONS: tuple[Callable[[Case], None], ...] = (
    lists, lists, lists, lists, lists, lists, single, single, single, single, authorizes, authorizes, authorizes,
    explains, explains, explains, shows_in_the_admin, shows_in_the_admin, prices, prices_of_another_day,
    prices_of_another_day, tells_the_holder,
)  # fmt: skip


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_answer_is_what_brute_force_says(chunk: int, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    TokenGroup.objects.all().delete()
    dice = random.Random(chunk)  # noqa: S311
    for _ in range(CATALOGS):
        plain = random_catalog(dice, keys=KEYS)
        rights: dict[str, object] = {}
        with stored(plain) as tokens:
            scopes, models = (
                scopes_of(Token.objects.all()),
                list(AIModel.objects.select_related("vendor").order_by("pk")),
            )
            scope_of_token, of_all_tokens = dict(scopes), ManyScopes(at=NOW)
            for number, (key, (token, sent)) in enumerate(zip(plain.keys, tokens, strict=True)):
                case = Case(client, plain, key, token, sent, dice.choice(ADDRESSES), dice)
                scope = scope_of_token[token.pk]
                decides(case, scope, models)
                assert of_all_tokens.is_empty(scope) == (not plain.seen(key) and not calls_something(case)), case
                # Bodies are cached under it.
                of_key = (plain.reached(key), key.allow, key.deny)
                assert rights.setdefault(scope.fingerprint, of_key) == of_key, case
                if number % ASKED == 0:
                    dice.choice(QUESTIONS)(case)
