"""One Modelbook and one upstream for all gateways of a run; each module starts its gateway as `gateway`."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateways.gateway import ELSEWHERE, Gateway, Line
from tests.gateways.sdks import Clients
from tests.gateways.upstream import KEY, Upstream, running_upstream
from tests.live.deployment import Operator, Server, database_copy, serving

# One model for every protocol, and others around it; `gw-secret` is in a group that the customers do not have.
CAST = f"""
import datetime as dt
every = ['openai', 'openai-response', 'anthropic', 'gemini', 'embeddings', 'audio-transcription', 'image-generation']
from catalog.models import ModelAlias
from pricing.models import UsageReporter
world.channel('gw', group='gw')
world.channel('gw-other', group='gw-other')
chat = world.model('gw-chat', on='gw', supported_endpoint_types=every)
ModelAlias.objects.create(model=chat, name='gw-nick')
ModelAlias.objects.create(model=chat, name='tunedModels/gw-tuned')
world.price(chat, input='1', output='2')
world.model('gw-second', on='gw', supported_endpoint_types=every)
ending = {{'deprecated_on': dt.date(2026, 1, 1), 'retires_on': dt.date(2099, 1, 1), 'successor': chat}}
world.model('gw-ending', on='gw', supported_endpoint_types=every, **ending)
world.model('gw/with/slashes', on='gw', supported_endpoint_types=every)
world.model('gw-secret', on='gw-other', supported_endpoint_types=every)
world.model('gw-draft', on='gw', supported_endpoint_types=every, status='draft')
reporter, reporters_key = world.token('gw', name='reporter')
UsageReporter.objects.create(token=reporter)
result = {{
    'customer': world.key('gw', name='customer'),
    'here': world.key('gw', name='here', networks=['{ELSEWHERE}/32']),
    'spent': world.key('gw', name='spent', is_over_budget=True),
    'expired': world.key('gw', name='expired', expires_at=world.LONG_AGO),
    'reporter': reporters_key,
    'unknown': 'sk-unknown',
}}
"""


@pytest.fixture(scope="session")
def database_url(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with django_db_blocker.unblock(), database_copy(tmp_path_factory.mktemp("gateways")) as url:
        yield url


@pytest.fixture(scope="session")
def modelbook(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Trusts one proxy, and the name of the model in a header that every gateway has to keep callers from setting."""
    environment = {"TRUSTED_PROXIES": "1", "AUTHORIZE_TRUSTED_HEADERS": "X-Gateway-Model-Name"}
    # The default: customers call the gateway under names that Modelbook does not know.
    environment["ALLOWED_HOSTS"] = "localhost,127.0.0.1,[::1]"
    # With one worker, a rate is counted exactly.
    with serving(database_url, tmp_path_factory.mktemp("gunicorn"), workers=1, **environment) as server:
        yield server


@pytest.fixture(scope="session")
def operator(database_url: str) -> Iterator[Operator]:
    running = Operator(database_url)
    yield running
    running.close()


@pytest.fixture(scope="session")
def keys(operator: Operator) -> dict[str, str]:
    """The customers' keys by what is special about them."""
    created: dict[str, str] = operator.run(CAST)
    return created


@pytest.fixture(scope="session")
def running_models() -> Iterator[Upstream]:
    with running_upstream() as running:
        yield running


@pytest.fixture(scope="module")
def line(modelbook: Server, keys: dict[str, str]) -> Iterator[Line]:
    """What a gateway connects to instead of Modelbook; a test can cut it."""
    line = Line(modelbook.port)
    yield line
    line.close()


@pytest.fixture
def upstream(running_models: Upstream, keys: dict[str, str]) -> Iterator[Upstream]:
    """The upstream, without the calls of earlier tests. No test may leak what only Modelbook and the caller know."""
    running_models.clear()
    yield running_models
    for received in running_models.received:
        assert received.keys == {KEY}
        assert not any(key in received.text for key in keys.values())
        assert "evil" not in received.text


@pytest.fixture(scope="module")
def clients(gateway: Gateway) -> Iterator[Clients]:
    """The vendors' SDKs, as customers of this gateway."""
    clients = Clients(gateway.url, gateway.gemini_version)
    yield clients
    clients.close()
