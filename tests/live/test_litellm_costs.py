"""LiteLLM itself, with our cost map, computes the same cost of a completion as our quote."""

import http.client
import json
import sys
from decimal import Decimal
from typing import Any

import pytest

from tests.live.deployment import Operator, Server
from tests.live.test_clients import PROGRAMS, client_folder, run
from tests.servers import SECONDS
from tests.sizes import FULL

pytestmark = pytest.mark.django_db

MODELS = """
from decimal import Decimal
from catalog.models import ModelAlias
world.channel('costs', group='default')
over = [{'dim': 'prompt_tokens', 'op': 'gt', 'value': 200000}]
flex = [{'dim': 'service_tier', 'op': 'eq', 'value': 'flex'}]
sheet = world.price(world.model('costs-tiered', on='costs'), input='3', output='15', input__cache_read='0.3')
world.line(sheet, 'input', '6', conditions=over)
world.line(sheet, 'output', '22.5', conditions=over)
world.line(sheet, 'input.cache_read', '0.6', conditions=over)
sheet = world.price(world.model('vendor/costs-flex', on='costs'), role='list', input='1.25', output='10')
world.line(sheet, 'input', '0.625', conditions=flex)
world.line(sheet, 'output', '5', conditions=flex)
sheet = world.price(world.model('claude-costs', on='costs'), input='5', output='25', output__reasoning='30')
world.line(sheet, '', '0.65', kind='multiplier', unit='')
for half in ('input', 'output'):
    world.price(world.model(f'costs-{half}-only', on='costs'), **{half: '5'})
world.model('costs-unpriced', on='costs')
world.line(world.price(world.model('costs-of-calls', on='costs')), 'request', '0.04', per=1, unit='request')
ModelAlias.objects.create(name='costs-latest', model=AIModel.objects.get(name='costs-tiered'))
partners = world.token_group('costs-partners')
partners.channels.add(world.channel('costs', group=None))
world.rate(partners, '0.5')
result = world.key('costs-partners')
"""
# LiteLLM would charge 0 for what a row does not state.
UNPRICED = ["costs-input-only", "costs-output-only", "costs-unpriced", "costs-of-calls"]
CASES: list[tuple[str, dict[str, Any]]] = [
    ("costs-tiered", {"prompt": 1000, "completion": 500}),
    ("costs-tiered", {"prompt": 1000, "completion": 500, "cached": 400}),
    ("costs-tiered", {"prompt": 200_000, "completion": 10}),
    ("costs-tiered", {"prompt": 200_001, "completion": 10, "cached": 100_000}),
    ("costs-latest", {"prompt": 200_001, "completion": 10, "cached": 100_000}),
    ("vendor/costs-flex", {"prompt": 7, "completion": 3}),
    ("vendor/costs-flex", {"prompt": 7000, "completion": 300, "tier": "flex"}),
    ("claude-costs", {"prompt": 12_345, "completion": 678, "reasoning": 600}),
]


@pytest.fixture(scope="module")
def key(operator: Operator) -> str:
    """The key of a group that pays half."""
    return str(operator.run(MODELS))


def quoted(server: Server, key: str, model: str, case: dict[str, Any]) -> Decimal:
    """Our own figure for a key, over the same wire."""
    cached, reasoning = case.get("cached", 0), case.get("reasoning", 0)
    usage = {"input": case["prompt"] - cached, "output": case["completion"] - reasoning}
    usage |= {"input.cache_read": cached} if cached else {}
    usage |= {"output.reasoning": reasoning} if reasoning else {}
    request = {"service_tier": case["tier"]} if "tier" in case else {}
    body = json.dumps({"model": model, "usage": usage, "request": request})
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    client.request("POST", "/api/pricing/quote", body, {"content-type": "application/json", "x-api-key": key})
    answer = json.loads(client.getresponse().read())
    client.close()
    return Decimal(answer["amount"])


@pytest.mark.parametrize("with_key", [True, False] if FULL else [True])
def test_litellm_computes_the_same_cost_as_our_quote(server: Server, key: str, with_key: bool) -> None:
    path, sent = str(client_folder("litellm")), key if with_key else ""
    # LiteLLM only takes an address; what it has before the host is sent as Basic.
    url = server.url.replace("//", f"//litellm:{key}@") if with_key else server.url

    seen = run(
        [sys.executable, str(PROGRAMS / "litellm_costs.py")],
        {"cases": CASES, "unpriced": [*UNPRICED, "modelbook-filler-09999"]},
        PYTHONPATH=path,
        LITELLM_MODEL_COST_MAP_URL=f"{url}/api/export/litellm.json?complete=1",
    )

    assert seen["source"] == "remote"
    assert seen["priced"] == []
    assert {model for model, _ in CASES} <= set(seen["known"])
    assert "babbage-002" not in seen["known"]
    assert not [name for name in seen["offered"] if "filler" in name]
    for (model, case), cost in zip(CASES, seen["costs"], strict=True):
        assert cost == pytest.approx(float(quoted(server, sent, model, case)), rel=1e-12), (model, case)
