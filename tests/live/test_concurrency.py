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
