"""Writers at the same time wait for each other: none fails, none loses its change, none waits forever."""

import textwrap
from typing import Any

import pytest

from tests.live.deployment import Operator

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

THREADS, TURNS = 8, 15

# What each piece of code below has around it: it calls `work(turn)` in every thread and gives the errors.
TOGETHER = f"""
import threading
from catalog.db import revision
errors = []
def many(number):
    try:
        for turn in range({TURNS}):
            work(number, turn)
    except Exception as error:
        errors.append(repr(error))
    finally:
        connection.close()
before = revision.current()
threads = [threading.Thread(target=many, args=(number,)) for number in range({THREADS})]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def together(operator: Operator, work: str, result: str) -> Any:
    return operator.run(textwrap.dedent(work) + TOGETHER + f"result = [errors, revision.current() - before, {result}]")


def test_reading_and_then_writing_never_fails(operator: Operator) -> None:
    errors, raised, total = together(
        operator,
        """
        world.vendor("counted", description="0")
        def work(number, turn):
            with transaction.atomic():
                row = type(world.vendor()).objects.select_for_update().get(slug="counted")
                row.description = str(int(row.description) + 1)
                row.save()
        """,
        "int(world.vendor('counted').description)",
    )

    assert errors == []
    assert total == THREADS * TURNS
    assert raised >= THREADS * TURNS


def test_two_orders_of_writing_do_not_block_each_other(operator: Operator) -> None:
    errors, _, total = together(
        operator,
        """
        for name in ("first", "second"):
            world.model(name, on="crossing")
        def work(number, turn):
            names = ["first", "second"] if number % 2 else ["second", "first"]
            with transaction.atomic():
                for name in names:
                    AIModel.objects.filter(name=name).update(description=f"{number} {turn}")
                Channel.objects.get(slug="crossing").save()
        """,
        "len({model.description for model in AIModel.objects.filter(name__in=['first', 'second'])})",
    )

    assert errors == []
    assert total == 1


def test_a_change_is_not_seen_before_it_is_committed(operator: Operator) -> None:
    seen = operator.run(
        """
import threading
from catalog.db import revision
written, looked = threading.Event(), threading.Event()
def write():
    with transaction.atomic():
        world.vendor("slowly-made")
        written.set()
        looked.wait(10)
    connection.close()
before = revision.current()
writer = threading.Thread(target=write)
writer.start()
written.wait(10)
during = revision.current()
looked.set()
writer.join()
result = [during - before, revision.current() > before]
"""
    )

    assert seen == [0, True]


def test_a_form_and_a_bulk_change_do_not_block_each_other(operator: Operator) -> None:
    outcome = operator.run(
        """
import threading, time
from django.contrib.auth.models import User
from django.test import Client
from tests.admin_world import filled_in
model = world.model("form-and-bulk", on="main")
boss = User.objects.create_superuser("boss-of-forms", password="secret")
client = Client()
client.force_login(boss)
page = f"/admin/catalog/aimodel/{model.pk}/change/"
data = filled_in(client, page, description="from the form")
errors = []
def bulk():
    try:
        with transaction.atomic():
            Channel.objects.update(note="first the revision")
            began.set()
            time.sleep(1)
            AIModel.objects.filter(pk=model.pk).update(series="then the row")
    except Exception as error:
        errors.append(repr(error))
    finally:
        connection.close()
began = threading.Event()
thread = threading.Thread(target=bulk)
thread.start()
began.wait(10)
answer = client.post(page, data)
thread.join()
result = [errors, answer.status_code]
"""
    )

    assert outcome[0] == []
    # Saved, or refused because another user changed it in the meantime.
    assert outcome[1] in {200, 302}


def test_calls_that_several_workers_report_at_once_count_once(operator: Operator) -> None:
    """Two reporters, each with four workers that send overlapping and differently ordered events."""
    errors, _, result = together(
        operator,
        """
        import datetime as dt
        from contextlib import suppress
        from django.db import OperationalError
        from django.db.models import Sum
        from django.utils import timezone
        from pricing.models import Spending, UsageCount, UsageEvent
        from pricing.usage.events import Event, record_events
        from pricing.usage.quantities import read_usage
        world.price(world.model("reported"), input="1")
        world.price(world.model("also-reported"), input="1")
        customers = [world.token(name=f"customer {n}")[0] for n in range(3)]
        reporters = [world.token(name=f"reporter {n}")[0] for n in range(2)]
        at, usage = timezone.now(), read_usage({"input": 1_000_000})
        names = ("reported", "also-reported")
        of_customers = Spending.objects.filter(token_key__in=[token.pk for token in customers])
        events = [Event(str(n), customers[n % 3].key_id, names[n % 2], at, usage) for n in range(60)]
        taken = []
        def work(number, turn):
            reporter = reporters[number % 2]
            batch = events[turn * 4 : turn * 4 + 8] + events[:4]
            if number % 4 > 1:
                batch.reverse()
            options = dict(reporter=reporter.pk, reporter_name=reporter.key_id, at=at)
            for attempt in range(5):
                # As gateways do: while all connections are in use, the answer is 503.
                with suppress(OperationalError):
                    taken.append(record_events(batch, **options).taken)
                    return
            raise AssertionError("no connection was free")
        """,
        "[sum(taken), UsageEvent.objects.filter(name__in=names).count(), "
        "UsageCount.objects.filter(name__in=names).aggregate(sum=Sum('requests'))['sum'], "
        "sorted((row.calls, int(row.amount)) for row in of_customers)]",
    )

    assert errors == []
    assert result == [120, 120, 120, [[40, 40], [40, 40], [40, 40]]]
