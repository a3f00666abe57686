"""While the workers answer without a pause, mostly in front of Django, the very next request sees a change."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.deployment import Answer, Operator, Server
from tests.servers import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CLIENTS = 4
AFTER = 60


class Load:
    """Clients that ask without a pause; records the start and the outcome of each request."""

    def __init__(self, server: Server, key: str, read: Callable[[Answer], Any]) -> None:
        self.seen: list[tuple[float, Any]] = []
        self._stop = threading.Event()
        self._server, self._key, self._read = server, key, read
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self.wait_for(AFTER)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.seen.append((began, self._read(self._server.get("/v1/models", key=self._key))))

    def wait_for(self, answers: int) -> None:
        enough = len(self.seen) + answers
        wait_until(lambda: len(self.seen) >= enough, f"{answers} answers come")

    def begun_after(self, moment: float) -> list[Any]:
        self.wait_for(AFTER + CLIENTS)
        return [outcome for began, outcome in list(self.seen) if began > moment]


def ids(answer: Answer) -> Any:
    if answer.status != 200:
        return answer.status
    return (*sorted(row["id"] for row in answer.json()["data"]), answer.headers["x-ratelimit-limit-requests"] or "")


BOTH = ("load-a", "load-b", "")
FIND = "Token.objects.get(name='{name}')"


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (FIND + ".__class__.objects.filter(name='{name}').set_enabled(False)", 401),
        ("Token.objects.filter(name='{name}').update(allow=['load-b'])", ("load-b", "")),
        ("Token.objects.filter(name='{name}').update(deny=['load-b'])", ("load-a", "")),
        (FIND + ".groups.clear()", ("",)),
        ("Token.objects.filter(name='{name}').update(rate_limit='100000/hour')", ("load-a", "load-b", "100000")),
        ("TokenGroup.objects.filter(slug='{name}').update(rate_limit='5000/hour')", ("load-a", "load-b", "5000")),
        (FIND + ".rotate(grace=datetime.timedelta(0), at=datetime.datetime.now(datetime.UTC))", 401),
        (FIND + ".delete()", 401),
        ("world.channel('load', group=None).groups.clear()", ("",)),
        ("Offer.objects.filter(model__name='load-a').set_enabled(False)", ("load-b", "")),
    ],
    ids=["disabled", "allowed less", "denied", "left its group", "limited", "group limited", "rotated", "deleted",
         "channel taken away", "offer off"],
)  # fmt: skip
def test_a_request_started_after_a_change_gets_the_new_answer(
    server: Server, operator: Operator, change: str, after: Any, request: pytest.FixtureRequest
) -> None:
    name = "load-" + request.node.callspec.id.replace(" ", "-")
    key = operator.run(
        "for name in ('load-a', 'load-b'):\n"
        "    AIModel.objects.filter(name=name).exists() or world.model(name, on='load')\n"
        f"world.channel('load', group={name!r})\n"
        "Offer.objects.filter(channel__slug='load').set_enabled(True)\n"
        f"result = world.key({name!r}, name={name!r})"
    )
    with Load(server, key, ids) as load:
        operator.run("import datetime\n" + change.format(name=name))
        changed_at = time.monotonic()
        later = load.begun_after(changed_at)
        before = [outcome for began, outcome in load.seen if began < changed_at - 1]

    assert len(later) >= AFTER
    assert set(later) == {after}
    assert set(before) <= {BOTH, after}
