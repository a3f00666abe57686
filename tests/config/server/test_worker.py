"""The worker ends connections whose clients are gone."""

import socket
from functools import partial
from types import SimpleNamespace
from typing import Any

from config.server.connections import Connection, Disk, State
from config.server.worker import Worker


def test_a_request_that_has_just_arrived_does_not_make_room() -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    connections = [Connection(here, None, None, disk=Disk(0), on_unsent=lambda _: None) for here, _ in pairs]
    for since, connection in enumerate(connections):
        connection.since = since
    worker: Any = SimpleNamespace(connections=set(connections), _watch=lambda *_: None)
    worker._drop = partial(Worker._drop, worker)
    pairs[0][1].sendall(b"GET")

    assert Worker._make_room(worker)
    assert worker.connections == {connections[0], connections[2]}
    pairs[2][1].sendall(b"GET")
    assert Worker._make_room(worker)
    assert worker.connections == {connections[2]}
    for pair in pairs:
        for end in pair:
            end.close()


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
