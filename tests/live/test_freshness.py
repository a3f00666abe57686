"""A change in one process is seen by the very next request on every worker: nothing stale, ever."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.live.deployment import Answer, Operator, Server

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

ROUNDS = 50


@pytest.fixture(scope="module")
def key(operator: Operator) -> str:
    key: str = operator.run(
        "for name in ('fresh-a', 'fresh-b'):\n"
        "    world.price(world.model(name, on='fresh'), input='2', output='4')\n"
        "world.channel('fresh', group='fresh')\n"
        "result = world.key('fresh', name='fresh')"
    )
    return key


def ids(answer: Answer) -> Any:
    return sorted(row["id"] for row in answer.json()["data"]) if answer.status == 200 else answer.status


def ratio(answer: Answer) -> Any:
    return {row["model_name"]: row.get("model_ratio") for row in answer.json()["data"]}["fresh-a"]


@pytest.mark.parametrize(
    ("path", "read", "there", "back", "before", "after"),
    [
        ("/v1/models", ids, "Channel.objects.filter(slug='fresh').set_enabled(False)",
         "Channel.objects.filter(slug='fresh').set_enabled(True)", ["fresh-a", "fresh-b"], []),
        ("/v1/models", ids, "Token.objects.filter(name='fresh').set_enabled(False)",
         "Token.objects.filter(name='fresh').set_enabled(True)", ["fresh-a", "fresh-b"], 401),
        ("/v1/models", ids, "AIModel.objects.filter(name='fresh-b').set_status('draft')",
         "AIModel.objects.filter(name='fresh-b').set_status('published')", ["fresh-a", "fresh-b"], ["fresh-a"]),
        ("/api/pricing?unpriced=rows", ratio,
         "world.price(AIModel.objects.get(name='fresh-a'), input='6', starts_at=world.LONG_AGO.replace(month=2))",
         "PriceSheet.objects.filter(model__name='fresh-a', starts_at__month=2).delete()", 1, 3),
    ],
    ids=["channel disabled", "token disabled", "model hidden", "price changed"],
)  # fmt: skip
def test_no_worker_gives_a_stale_answer(
    server: Server, operator: Operator, key: str,
    path: str, read: Callable[[Answer], Any], there: str, back: str, before: Any, after: Any,
) -> None:  # fmt: skip
    assert {str(read(server.get(path, key=key))) for _ in range(ROUNDS)} == {str(before)}

    operator.run(there)
    changed = [read(server.get(path, key=key)) for _ in range(ROUNDS)]
    operator.run(back)
    restored = [read(server.get(path, key=key)) for _ in range(ROUNDS)]

    assert (changed, restored) == ([after] * ROUNDS, [before] * ROUNDS)


RESTORE = """
from django.db.models import QuerySet
from catalog.models import Change, Revision
QuerySet(AIModel).filter(name="fresh-a").update(status="published")
Change.objects.filter(number__gt={0[number]}).delete()
QuerySet(Revision).update(**{0!r})
"""


def test_no_worker_remembers_what_a_restored_backup_has_undone(server: Server, operator: Operator, key: str) -> None:
    backup = operator.run("from catalog.models import Revision\nresult = Revision.objects.values().get()")
    operator.run("AIModel.objects.filter(name='fresh-a').set_status('draft')")
    assert {str(ids(server.get("/v1/models", key=key))) for _ in range(ROUNDS)} == {"['fresh-b']"}

    operator.run(RESTORE.format(backup))
    restored = [ids(server.get("/v1/models", key=key)) for _ in range(ROUNDS)]
    # The number of this change is that of the one before.
    operator.run("AIModel.objects.filter(name='fresh-b').set_status('draft')")
    changed = [ids(server.get("/v1/models", key=key)) for _ in range(ROUNDS)]
    operator.run("AIModel.objects.filter(name='fresh-b').set_status('published')")

    assert (restored, changed) == ([["fresh-a", "fresh-b"]] * ROUNDS, [["fresh-a"]] * ROUNDS)
