"""The worker ends connections whose clients are gone."""

import socket
from types import SimpleNamespace
from typing import Any

from config.server.connections import Connection, Disk, State
from config.server.worker import Worker


def test_a_client_that_is_gone_when_its_body_is_refused_is_dropped() -> None:
    here, there = socket.socketpair()
    there.close()
    connection = Connection(here, ("127.0.0.1", 1), None, disk=Disk(0), on_unsent=lambda _: None)
    connection.state = State.BODY
    # As `_refuse` leaves it.
    connection.request = None
    worker: Any = SimpleNamespace(connections={connection}, _watch=lambda *_: None)

    Worker._drop(worker, connection)

    assert (worker.connections, here.fileno()) == (set(), -1)
