"""Random writes, and after each of them random requests to workers that cache: every answer equals the uncached one.

The workers answer on the fast path, from bodies, fragments and indexes of earlier states, and from bytes of each other.
The oracle is a process that forgets everything before each request.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.deployment import Operator, Server
from tests.live.uncached import comparable
from tests.sizes import size

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

STEPS = size(25, full=600)
# Requests after each write; each is sent several times, so that both workers get it, and the fast path too.
REQUESTS = 6
TIMES = 4

PREPARE = """
from decimal import Decimal
import datetime as dt, random
from catalog.models import AIModel, Channel, ModelAlias, Offer, Vendor, EndpointType
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PopularModel, PriceLine, PriceSheet
from tokens.models import ModelRelease, Token, TokenGroup
for number in range(3):
    world.vendor(f"cached-{number}")
for slug, public in (("cached-a", True), ("cached-b", False)):
    world.token_group(slug, is_public=public)
    world.channel(slug, group=slug)
for number in range(8):
    model = world.model(f"cached-{number}", vendor=world.vendor(f"cached-{number % 3}"), on="cached-a")
    if number % 2:
        Offer.objects.create(model=model, channel=Channel.objects.get(slug="cached-b"))
    if number != 5:
        world.price(model, role="list", input=str(number + 1), output=str(number + 2))
world.model("cached-wild-*", vendor=world.vendor("cached-0"), on="cached-b")
ModelAlias.objects.create(name="cached-alias", model=AIModel.objects.get(name="cached-1"))
result = [
    world.key("cached-a", name="cached all"),
    world.key("cached-a", "cached-b", name="cached both"),
    world.key("cached-b", name="cached deny", deny=["cached-3"]),
    world.key("cached-a", name="cached allow", allow=["cached-1", "cached-alias"]),
    world.key("cached-b", name="cached pattern", allow=["vendor:cached-1", "cached-wild-*"]),
    world.key("cached-a", name="cached rate", rate_limit="1000000/minute"),
]
"""

# Each changes what some of the requests below see; {n} is the number of a model, {r} a random number.
WRITES = (
    "AIModel.objects.filter(name='cached-{n}').set_status('draft')",
    "AIModel.objects.filter(name__startswith='cached-').set_status('published')",
    "model = AIModel.objects.get(name='cached-{n}'); model.description = 'text {r}'; model.save()",
    "AIModel.objects.filter(name='cached-{n}').update(context_length=1000 + {r})",
    "AIModel.objects.filter(name='cached-{n}').update(in_price_list={r} % 2 == 0)",
    "AIModel.objects.filter(name='cached-{n}').update(listed={r} % 2 == 0)",
    ("AIModel.objects.filter(name='cached-{n}').update(starts_at=dt.datetime(2026 + {r} % 2 * 70, 1, 2, "
    "tzinfo=dt.UTC) if {r} % 3 else None)"),
    ("ModelRelease.objects.update_or_create(model=AIModel.objects.get(name='cached-{n}'), "
    "group=world.token_group('cached-{ab}'), defaults={{'starts_at': dt.datetime(2026 + {r} % 2 * 70, 1, 2, "
    "tzinfo=dt.UTC) if {r} % 3 else None}})"),
    "ModelRelease.objects.filter(model__name='cached-{n}').delete()",
    "ModelAlias.objects.filter(name__startswith='cached-').update(listed={r} % 2 == 0)",
    "AIModel.objects.filter(name='cached-{n}').update(tags=['t{r}'], capabilities=['reasoning'])",
    "AIModel.objects.filter(name='cached-{n}').update(vendor=world.vendor('cached-{v}'))",
    "Offer.objects.filter(model__name='cached-{n}').set_enabled({r} % 2 == 0)",
    ("Offer.objects.get_or_create(model=AIModel.objects.get(name='cached-{n}'), "
    "channel=world.channel('cached-b', group=None))"),
    "Offer.objects.filter(model__name='cached-{n}', channel__slug='cached-b').delete()",
    "Channel.objects.filter(slug='cached-b').set_enabled({r} % 2 == 0)",
    "world.token_group('cached-b').channels.set([world.channel('cached-{ab}', group=None)])",
    "Vendor.objects.filter(slug='cached-{v}').update(name='Vendor {r}')",
    "ModelAlias.objects.filter(name='cached-alias').update(model=AIModel.objects.get(name='cached-{n}'))",
    ("ModelAlias.objects.get_or_create(name='cached-other', "
    "defaults={{'model': AIModel.objects.get(name='cached-{n}')}})"),
    "ModelAlias.objects.filter(name='cached-other').delete()",
    ("world.price(AIModel.objects.get(name='cached-{n}'), input='{r}', output='{r}.5', "
    "starts_at=world.LONG_AGO + dt.timedelta(minutes={r}))"),
    "PriceSheet.objects.filter(model__name='cached-{n}', role='sell').delete()",
    "PriceSheet.objects.filter(model__name='cached-{n}', role='sell').end(at=NOW, now=NOW)",
    "PriceLine.objects.filter(sheet__model__name='cached-{n}', meter='input').update(amount=Decimal('{r}.25'))",
    "DiscountRule.objects.create(vendor=world.vendor('cached-{v}'), multiplier=Decimal('0.{r}'))",
    "DiscountRule.objects.filter(vendor__slug__startswith='cached-').delete()",
    ("GroupRate.objects.create(group=world.token_group('cached-{ab}'), ratio=Decimal('0.{r}'), "
    "starts_at=world.LONG_AGO + dt.timedelta(seconds=random.randrange(10**7)))"),
    ("PopularModel.objects.update_or_create(model=AIModel.objects.get(name='cached-{n}'), "
    "defaults={{'position': {r}}})"),
    "PopularModel.objects.filter(model__name__startswith='cached-').delete()",
    "TokenGroup.objects.filter(slug='cached-b').update(label='Label {r}', rate_limit='1000{r}/hour')",
    "TokenGroup.objects.filter(slug='cached-b').update(is_public={r} % 2 == 0)",
    "Token.objects.filter(name='cached deny').update(deny=['cached-{n}'])",
    "Token.objects.filter(name='cached allow').update(allow=['cached-{n}', 'cached-alias'])",
    "Token.objects.filter(name='cached all').set_enabled({r} % 2 == 0)",
    "Token.objects.filter(name='cached both').update(is_over_budget={r} % 2 == 0)",
    "Token.objects.filter(name='cached both').update(networks=['10.0.0.0/8'] if {r} % 2 else [])",
    ("Token.objects.filter(name='cached both').update(expires_at=dt.datetime(2020, 1, 1, "
    "tzinfo=dt.UTC) if {r} % 2 else None)"),
    "Token.objects.get(name='cached rate').groups.set([world.token_group('cached-{ab}')])",
    "Token.objects.filter(name='cached rate').update(first_group=None, rate_limit='20000{r}/minute')",
    "world.key('cached-a', name='cached one more')",
    "world.model('cached-new-{r}', vendor=world.vendor('cached-{v}'), on='cached-{ab}')",
    "AIModel.objects.filter(name__startswith='cached-new-').delete()",
    "AIModel.objects.filter(name='cached-{n}').update(retires_on=dt.date(2026, 1, 2) if {r} % 2 else None)",
    ("transaction.set_autocommit(False); "
    "AIModel.objects.filter(name='cached-{n}').update(description='never'); transaction.rollback(); "
    "transaction.set_autocommit(True)"),
)  # fmt: skip

CLEAN_UP = """
DiscountRule.objects.filter(vendor__slug__startswith='cached-').delete()
Token.objects.filter(name__startswith='cached').delete()
AIModel.objects.filter(name__startswith='cached-').delete()
Channel.objects.filter(slug__startswith='cached-').delete()
TokenGroup.objects.filter(slug__startswith='cached-').delete()
Vendor.objects.filter(slug__startswith='cached-').delete()
"""

IMPORTS = (
    PREPARE[: PREPARE.index("for number")]
    + "from tests.live.uncached import uncached_answer\nNOW = dt.datetime.now(dt.UTC)\n"
)

# Path, headers beside the key. {n} is the number of a model.
ADDRESSES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/v1/models", {}),
    ("/v1/models", {"accept-encoding": "gzip;q=0"}),
    ("/v1/models?limit=2", {"anthropic-version": "2023-06-01"}),
    ("/v1/models?limit=3&after_id=cached-3", {"anthropic-version": "2023-06-01"}),
    ("/v1beta/models", {}),
    ("/v1beta/models?pageSize=2", {}),
    ("/v1/models?vendor=cached-1", {}),
    ("/v1/models?capability=reasoning&strict=1", {}),
    ("/v1/models?max_price={n}&sort=price", {}),
    ("/v1beta/models?sort=popular&pageSize=3", {}),
    ("/v1/models?sort=price&min_context=1010&limit=3", {"anthropic-version": "2023-06-01"}),
    ("/api/pricing?vendor=cached-2", {}),
    ("/api/pricing?sort=price&unpriced=rows", {}),
    ("/api/pricing?max_price={n}.25", {}),
    ("/v1/models/cached-{n}", {}),
    ("/v1/models/cached-alias", {}),
    ("/v1/models/cached-wild-7", {"anthropic-version": "2023-06-01"}),
    ("/v1beta/models/cached-{n}", {}),
    ("/api/authorize?model=cached-{n}", {}),
    ("/api/authorize?model=cached-alias", {"x-model": "cached-{n}"}),
    ("/api/authorize/openai/deployments/cached-wild-x/chat/completions", {}),
    ("/api/authorize?as=anthropic", {"x-original-uri": "/v1/models/cached-{n}", "x-original-method": "GET"}),
    ("/api/authorize/v1/chat/completions", {"body": '{{"messages": [{r}], "model": "cached-{n}"}}'}),
    (
        "/api/authorize",
        {"x-forwarded-uri": "/v1/responses", "body": '{{"model": "cached-1", "models": ["cached-{n}"]}}'},
    ),
    ("/api/token", {}),
    ("/api/pricing", {}),
    ("/api/pricing?unpriced=rows&discount=folded", {}),
    ("/api/pricing?explain=1", {}),
    ("/api/pricing?as_of=2026-02-01T00:00:00Z", {}),
    ("/api/pricing/history/cached-{n}", {}),
    ("/api/pricing/changes?since=2026-01-01T00:00:00Z", {}),
    ("/api/pricing/changes.atom?since=2026-01-01T00:00:00Z", {}),
    ("/api/ratio_config", {}),
    ("/api/prices", {}),
    ("/api/newapi/models.json", {}),
    ("/api/newapi/vendors.json", {}),
    ("/api/export/litellm.json", {}),
    ("/api/export/models_dev.json", {}),
    ("/api/export/openrouter.json", {}),
    ("/api/export/prices.csv", {}),
    ("/llms.txt", {}),
    ("/", {"accept": "text/html"}),
    ("/?lang=zh&q=cached", {"accept": "text/html"}),
    ("/?group=cached-b", {"accept": "text/html"}),
    ("/models/cached-{n}", {"accept": "text/html"}),
    ("/compare?m=cached-1&m=cached-{n}", {"accept": "text/html"}),
)


@pytest.fixture(scope="module")
def keys(operator: Operator) -> Iterator[list[str]]:
    yield operator.run(PREPARE)
    operator.run(IMPORTS + CLEAN_UP)


def test_no_cache_changes_an_answer(server: Server, operator: Operator, keys: list[str]) -> None:
    chance = random.Random(14)  # noqa: S311
    for step in range(STEPS):
        write = chance.choice(WRITES).format(
            n=chance.randrange(8), r=chance.randrange(1, 98), v=chance.randrange(3), ab=chance.choice("ab")
        )
        operator.run(IMPORTS + write)
        for _ in range(REQUESTS):
            path, headers = chance.choice(ADDRESSES)
            number, key = chance.randrange(8), chance.choice(["", *keys])
            path = path.format(n=number)
            headers = {name: value.format(n=number, r=chance.random()) for name, value in headers.items()}
            content = headers.pop("body", "")
            sent = headers | {"host": "cached.test"}
            if key:
                sent |= {"authorization": f"Bearer {key}"}
            expected = operator.run(f"{IMPORTS}result = uncached_answer({path!r}, {sent!r}, {content!r})")
            if content:
                sent |= {"content-type": "application/json"}
            for _ in range(TIMES):
                method = "POST" if content else "GET"
                fields = {name.replace("-", "_"): value for name, value in sent.items()}
                answer = server.get(path, method=method, content=content or None, **fields)
                got = [answer.status, *comparable(answer.headers.items(), answer.body)]
                assert differences(got, expected) == {}, (step, write, path, headers, key and keys.index(key))


def differences(got: list[Any], expected: list[Any]) -> dict[str, Any]:
    """What differs between two answers, without what a rate counts: every request changes it."""
    pairs = {"status": (got[0], expected[0]), "body": (got[2], expected[2])}
    pairs |= {name: (got[1].get(name), expected[1].get(name)) for name in {*got[1], *expected[1]}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1] and "ratelimit" not in name}
