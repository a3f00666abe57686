"""A catalog that one transaction moves between two states, and a reader that is interrupted by it.

An answer that is neither that of the one state nor that of the other mixes rows from before and after the transaction.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, connections, models, transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from catalog.db import revision
from catalog.db.snapshot import ReadTransaction
from catalog.models import AIModel, CodexProfile, ModelAlias, Offer
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.imports.review import save_plan
from pricing.imports.rollback import roll_back
from pricing.models import PriceLine
from tests import world
from tests.admin_world import one_of_everything

DOCUMENT = b'{"gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0.000003}}'
# What differs between two answers to the same request.
VOLATILE = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')


def values_of(state: int) -> dict[str, dict[str, Any]]:
    """What one row of each table has in a state, by the table's label."""
    return {
        "catalog.vendor": {"name": f"Vendor {state}"},
        "catalog.aimodel": {"display_name": f"Model {state}", "context_length": 1000 + state},
        "catalog.modelalias": {"name": f"alias-{state}", "listed": bool(state)},
        "catalog.channel": {"name": f"Channel {state}"},
        "catalog.endpointtype": {"label": f"Type {state}"},
        "tokens.tokengroup": {"label": f"Group {state}"},
        "tokens.token": {"name": f"Reader {state}", "rate_limit": f"{state + 5}000/minute"},
        "pricing.grouprate": {"ratio": ("1", "0.5")[state]},
        "pricing.discountrule": {"multiplier": ("0.8", "0.4")[state]},
        "pricing.currencyrate": {"per_usd": ("7.3", "14.6")[state]},
        "pricing.usagecount": {"requests": 7 + state},
    }


@dataclass
class TwoStates:
    """State 1 has doubled prices, half the rate, other names, and one model more, with its vendor, offer and price."""

    # By the table's label.
    rows: dict[str, Any]
    extra: list[models.Model]
    key: str
    # That of a token whose patterns compare prices, so that what it sees differs.
    limited: str
    # For the management API.
    admin_key: str
    cookie: str
    waiting_run: int
    state: int = 1
    # State -> the statements that write it.
    statements: dict[int, list[tuple[str, Any]]] = field(default_factory=dict)

    @classmethod
    def create(cls) -> "TwoStates":
        rows = one_of_everything()
        model = rows["catalog.aimodel"]
        rows["catalog.modelalias"] = ModelAlias.objects.create(model=model, name="alias-0")
        AIModel.objects.filter(pk=model.pk).update(supported_endpoint_types=["openai", "openai-response"])
        rows["catalog.codexprofile"] = CodexProfile.objects.create(model=model, instructions="You are 0.")
        world.price(model, role="list", input="3", output="12")
        world.price(model, role="cost", input="1", output="4")
        run = save_plan(DOCUMENT, Options(source=SOURCES["litellm"]), at=timezone.now())[1]
        assert run is not None
        rows["tokens.token"], key = world.token(name="reader", allow=["*"])
        limited = world.key(name="limited", allow=["price:output<=9"])
        vendor = world.vendor("acme", name="Acme")
        other = world.model("acme-1", vendor=vendor)
        alias = ModelAlias.objects.create(model=other, name="acme-latest")
        sheet = world.price(other, input="1", output="2")
        extra: list[models.Model] = [vendor, other, alias, Offer.objects.get(model=other), sheet, *sheet.lines.all()]
        client = Client()
        client.force_login(User.objects.create_superuser("operator"))
        # As if the prices were doubled already: the first move halves them.
        _, admin_key = world.admin_key()
        states = cls(rows, extra, key, limited, admin_key, client.cookies["sessionid"].value, run.pk)
        states.become(0)
        return states

    def become(self, state: int) -> None:
        """Commits the state in one transaction."""
        if state == self.state:
            return
        with transaction.atomic():
            statements = self.statements.get(state)
            if statements is None:
                with connection.execute_wrapper(recording(self.statements.setdefault(state, []))):
                    self._write(state)
            else:
                with connection.cursor() as cursor:
                    for sql, parameters in statements:
                        cursor.execute(sql, parameters)
            revision.bump()
            revision.bump(revision.PRICES)
        self.state = state

    def _write(self, state: int) -> None:
        """Writes the state without history rows and without counters, so that each state is the same again."""
        for label, values in values_of(state).items():
            row = self.rows[label]
            models.QuerySet[Any](type(row)).filter(pk=row.pk).update(**values)
        for line in PriceLine.objects.filter(sheet__model=self.rows["catalog.aimodel"], meter="input"):
            assert line.amount is not None
            amount = line.amount * 2 if state else line.amount / 2
            models.QuerySet(PriceLine).filter(pk=line.pk).update(amount=amount)
        for row in self.extra if state else reversed(self.extra):
            rows: models.QuerySet[Any] = models.QuerySet(type(row))
            if state:
                rows.bulk_create([row])
            else:
                rows.filter(pk=row.pk)._raw_delete(rows.db)


def recording(statements: list[tuple[str, Any]]) -> Callable[..., Any]:
    """A wrapper of a connection that records what is written: hundreds of changes repeat it without the ORM."""

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE")):
            statements.append((sql, params))
        return execute(sql, params, many, context)

    return record


@dataclass
class ImportedOrNot:
    """State 1 has the models of a document, which an import creates and its rollback deletes."""

    content: bytes
    state: int = 0
    run: Any = None

    def become(self, state: int) -> None:
        if state:
            options = Options(source=SOURCES["litellm"], channel="main", publish=True)
            _, self.run = apply_import(self.content, options, at=timezone.now())
        else:
            roll_back(self.run, at=timezone.now(), accept_loss=True)
        self.state = state


@contextmanager
def interrupted(states: TwoStates | ImportedOrNot, *, every: int = 1) -> Iterator[None]:
    """Commits the other state after every so many statements of this thread, from another connection."""
    count = 0

    def run(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal count
        result = execute(sql, params, many, context)
        count += 1
        # A transaction that writes excludes other writers.
        is_writing = sql.startswith("BEGIN") or (connection.in_atomic_block and not has_open_snapshot())
        if count % every == 0 and not is_writing:
            writer.submit(states.become, 1 - states.state).result(timeout=60)
        return result

    with ThreadPoolExecutor(1) as writer, connection.execute_wrapper(run):
        try:
            yield
        finally:
            writer.submit(lambda: connections["default"].close()).result(timeout=60)


def has_open_snapshot() -> bool:
    wrappers = connection.execute_wrappers
    return any(isinstance(wrapper, ReadTransaction) and wrapper.begun_on is not None for wrapper in wrappers)


@dataclass
class Reader:
    """Sends requests to the WSGI application in this thread."""

    application: Any
    states: TwoStates

    def read(self, address: str, *, body: str = "", **headers: str) -> tuple[str, bytes]:
        """The status, and the body without what differs between equal requests; the admin is read by an operator."""
        if address.startswith("/admin"):
            headers["cookie"] = f"sessionid={self.states.cookie}"
        method = "POST" if body else "GET"
        request = RequestFactory().generic(method, address, body, "application/json", headers=headers)
        status = ""

        def start_response(line: str, *_: Any) -> None:
            nonlocal status
            status = line

        content = b"".join(self.application(request.environ, start_response))
        return status, VOLATILE.sub(b"", content)
