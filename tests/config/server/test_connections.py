"""What a client has not taken yet waits in order, the larger part on disk, and all files of a worker have a limit."""

import resource
import socket

import pytest

from config.server.chunks import BodyError
from config.server.connections import (
    BODY_IN_MEMORY,
    IN_MEMORY,
    Connection,
    Disk,
    Exchange,
    Unsent,
    max_connections,
)
from config.server.heads import Head


def exchange(length: int) -> Exchange:
    return Exchange(Head(None, {}, body_length=length, is_chunked=False, expects_continue=False), 0)


def test_bytes_wait_in_order_first_in_memory_then_on_disk() -> None:
    disk = Disk(100 * IN_MEMORY)
    unsent = Unsent(disk)
    parts = [bytes([number]) * (IN_MEMORY // 4) for number in range(20)]
    for part in parts[:10]:
        unsent.add(part)
    assert disk.used > 0
    sent = bytearray()
    while unsent:
        count = min(len(unsent.first()), 100_000)
        sent += unsent.first()[:count]
        unsent.drop(count)
        if parts[10:] and len(sent) % 3 == 0:
            unsent.add(parts.pop(10))
    rest = parts[10:]

    assert bytes(sent) == b"".join(bytes([number]) * (IN_MEMORY // 4) for number in range(20 - len(rest)))
    assert disk.used == 0


def test_one_large_part_is_not_copied() -> None:
    disk = Disk(0)
    unsent = Unsent(disk)
    body = bytes(10 * IN_MEMORY)
    unsent.add(body)

    assert unsent.first().obj is body
    with pytest.raises(OSError, match="wait for slow clients"):
        unsent.add(b"more")


def test_a_body_waits_on_disk_if_it_is_long_and_there_is_place() -> None:
    disk = Disk(2 * BODY_IN_MEMORY)
    short, long, another = exchange(10), exchange(2 * BODY_IN_MEMORY), exchange(2 * BODY_IN_MEMORY)

    assert short.add(b"x" * 10 + b"next", disk) == b"next"
    assert long.add(b"y" * BODY_IN_MEMORY, disk) == b""
    assert (disk.used, long.is_complete) == (0, False)
    assert long.add(b"z" * BODY_IN_MEMORY, disk) == b""
    assert disk.used == 2 * BODY_IN_MEMORY
    with pytest.raises(BodyError, match="service_unavailable"):
        another.add(b"w" * (BODY_IN_MEMORY + 1), disk)
    assert (short.is_complete, long.is_complete) == (True, True)
    assert (short.body.read(), long.body.read()) == (b"x" * 10, b"y" * BODY_IN_MEMORY + b"z" * BODY_IN_MEMORY)
    long.close()
    assert disk.used == 0


def test_a_body_in_chunks_takes_the_place_that_it_needs() -> None:
    disk = Disk(3 * BODY_IN_MEMORY)
    head = Head(None, {}, body_length=0, is_chunked=True, expects_continue=False)
    request, another = Exchange(head, 10 * BODY_IN_MEMORY), Exchange(head, 10 * BODY_IN_MEMORY)
    chunk = b"%x\r\n%b\r\n" % (BODY_IN_MEMORY, b"x" * BODY_IN_MEMORY)

    used = []
    for data in (chunk, chunk, b"0\r\n\r\nnext"):
        rest = request.add(data, disk)
        used.append(disk.used)

    assert (used, rest) == ([0, 2 * BODY_IN_MEMORY, 2 * BODY_IN_MEMORY], b"next")
    assert request.environ == {"CONTENT_LENGTH": str(2 * BODY_IN_MEMORY), "wsgi.input": request.body}
    assert request.body.read() == b"x" * 2 * BODY_IN_MEMORY
    with pytest.raises(BodyError, match="service_unavailable"):
        another.add(chunk + chunk, disk)
    with pytest.raises(BodyError, match="bad_request"):
        Exchange(head, 10).add(b"no chunk\r\n", disk)
    request.close()
    another.close()
    assert disk.used == 0


def test_a_connection_sends_what_the_client_takes_and_stores_the_rest() -> None:
    ours, theirs = socket.socketpair()
    notes: list[Connection] = []
    connection = Connection(ours, ("", 0), ("", 0), disk=Disk(100 * IN_MEMORY), on_unsent=notes.append)
    body = bytes(range(256)) * 16 * 1024
    with theirs:
        connection.sendall(b"head", body[:1000], body[1000:])
        assert (connection.has_unsent, notes) == (True, [connection])
        connection.sendall(b"tail")
        received = bytearray()
        while len(received) < len(body) + 8:
            received += theirs.recv(1024 * 1024)
            connection.send_more()
        assert bytes(received) == b"head" + body + b"tail"
        assert not connection.has_unsent
        connection.close()
        with pytest.raises(BrokenPipeError):
            connection.sendall(b"more")


@pytest.mark.parametrize(("files", "most"), [(128, 96), (1024, 768), (20_000, 1000), (resource.RLIM_INFINITY, 1000)])
def test_connections_leave_files_to_everything_else(files: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))

    assert max_connections(1000) == most
