"""gunicorn's worker: one loop that waits for clients, and threads that wait for the database.

The loop receives requests and sends responses, so a slow client occupies no thread. It answers by itself what the
application can answer at once (see `at_once` in tokens/http/fastpath.py); everything else, once it has arrived
completely, is answered by the application in a thread. gunicorn reads the heads and writes the responses; a request
that it refuses, or that arrives too slowly, gets one of the API's own errors.
"""

import errno
import os
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.http import errors, wsgi  # type: ignore[import-untyped]
from gunicorn.workers import base  # type: ignore[import-untyped]

from config.server.chunks import BodyError
from config.server.connections import Connection, Disk, Exchange, Sent, State, http_date, max_connections
from config.server.heads import END, Heads, check_incomplete
from config.server.refusals import caller_of, code_of, environ_of, refusal

# Seconds in which a new connection must send its first byte. Between requests, it waits for the configured `keepalive`.
FIRST_SECONDS = 75
# Seconds in which a head must arrive after its first byte.
HEAD_SECONDS = 20
# Seconds in which a body must arrive, or a response must be taken, beside one second for every SLOWEST bytes.
BODY_SECONDS = 20
SEND_SECONDS = 30
SLOWEST = 16 * 1024
# Twice the largest file that the admin accepts (catalog/imports/documents.py). AUTHORIZE_MAX_BODY may allow more.
MAX_BODY = 64 * 1024 * 1024
# All files with requests and responses of one worker.
MAX_DISK = 512 * 1024 * 1024
# Seconds for which a connection that is being closed may still send: unread bytes would reset it, and with it the
# response that the client is reading.
CLOSE_SECONDS = 2
# Seconds for which a stopping worker waits for requests on connections that are idle.
LINGER_SECONDS = 2
# Seconds after which a request that still runs is logged.
LONG_SECONDS = 60
# New connections taken at once: those that already exist must get their turn.
ACCEPTED = 64


class Worker(base.Worker):  # type: ignore[misc]
    """See the module's docstring."""

    # False once the worker is to stop.
    alive: bool

    @classmethod
    def check_config(cls, cfg: Any, _log: Any) -> None:
        if cfg.is_ssl or cfg.proxy_protocol != "off" or cfg.protocol != "http":
            sys.exit("This worker speaks plain HTTP only: end TLS and the PROXY protocol at a proxy.")

    def init_process(self) -> None:
        self.connections: set[Connection] = set()
        self.disk = Disk(MAX_DISK)
        self.heads = Heads(self.cfg)
        self.selector = selectors.DefaultSelector()
        self.threads = ThreadPoolExecutor(self.cfg.threads, thread_name_prefix="request")
        self.max_connections = max_connections(self.cfg.worker_connections)
        # What the threads want the loop to do.
        self.calls: deque[Callable[[], object]] = deque()
        # Connections on which the next request has arrived while the one before was answered.
        self.ready: list[Connection] = []
        self.is_accepting = False
        self.turned_at = 0.0
        super().init_process()

    # The loop

    def run(self) -> None:
        # A signal writes a byte into this pipe, and so does a thread that adds a call.
        self.watch(self.PIPE[0], self._run_calls)
        self.max_body = max(MAX_BODY, getattr(self.wsgi, "max_body", 0))
        self.at_once = getattr(self.wsgi, "at_once", None)
        self.answer_or_defer = getattr(self.wsgi, "answer_or_defer", None)
        if self.at_once:
            self.wsgi.attach(self)
        self._accept_more(True)
        while self.alive and self.ppid == os.getppid():
            self._try_turn()
        self._stop()

    def _try_turn(self) -> None:
        try:
            self._turn()
        except Exception:
            # The other clients must not notice.
            self.log.exception("Error in the loop")

    def _turn(self) -> None:
        """Waits for events, at most a second, and handles them; once a second, ends what took too long."""
        for key, events in self.selector.select(0 if self.ready else 1.0):
            key.data(events)
        ready, self.ready = self.ready, []
        for connection in ready:
            if connection in self.connections:
                self._guard(connection, self._read_head)
        if self.at_once:
            self.wsgi.end_turn()
        now = time.monotonic()
        if now - self.turned_at >= 1:
            self.turned_at = now
            self.notify()
            for connection in [one for one in self.connections if 0 < one.deadline <= now]:
                self._guard(connection, self._time_out)
            self._log_long_requests(now)
            if self.alive:
                self._accept_more(len(self.connections) < self.max_connections)

    def watch(self, file: int, on_readable: Callable[[int], None]) -> None:
        """Lets the loop make this call when there is something to read."""
        self.selector.register(file, selectors.EVENT_READ, on_readable)

    def unwatch(self, file: int) -> None:
        self.selector.unregister(file)

    def _run_calls(self, _events: int) -> None:
        try:
            os.read(self.PIPE[0], 4096)
        except BlockingIOError:
            return
        for _ in range(len(self.calls)):
            self.calls.popleft()()

    def call(self, call: Callable[[], object]) -> None:
        """Lets the loop make a call; for threads."""
        self.calls.append(call)
        try:
            os.write(self.PIPE[1], b".")
        except BlockingIOError:
            # The pipe is full, so the loop wakes anyway.
            return

    def _guard(self, connection: Connection, step: Callable[[Connection], None]) -> None:
        """Takes one step with a connection, and closes it if that fails: a client must not end the loop."""
        try:
            step(connection)
        except OSError:
            self._drop(connection)
        except Exception:
            self.log.exception("Error handling a connection")
            self._drop(connection)

    # Connections

    def _accept_more(self, is_wanted: bool) -> None:
        if is_wanted == self.is_accepting:
            return
        for listener in self.sockets:
            if is_wanted:
                listener.setblocking(False)
                self.selector.register(listener, selectors.EVENT_READ, partial(self._accept, listener))
            else:
                self.selector.unregister(listener)
        self.is_accepting = is_wanted

    def _accept(self, listener: Any, _events: int = 0, *, count: int = ACCEPTED) -> None:
        for _ in range(count):
            try:
                sock, client = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    if not self._make_room():
                        self.log.warning("No new connection: %s", error.strerror)
                        self._accept_more(False)
                    return
                continue
            connection = Connection(sock, client, listener.getsockname(), disk=self.disk, on_unsent=self._note_unsent)
            self.connections.add(connection)
            self._wait(connection, State.HEAD, seconds=FIRST_SECONDS)
            if len(self.connections) >= self.max_connections and not self._make_room():
                self._accept_more(False)
                return

    def _make_room(self) -> bool:
        """Closes the connection that has waited for its client for the longest time."""
        waiting = sorted((one for one in self.connections if one.is_waiting), key=lambda connection: connection.since)
        if waiting:
            # Not one whose request has just arrived. At once: a client may never close its end.
            self._drop(next((one for one in waiting if not one.has_arrived()), waiting[0]))
        return bool(waiting)

    def _wait(self, connection: Connection, state: State, *, seconds: float = 0) -> None:
        """Lets the connection wait in a state, at most for these seconds (0: without an end)."""
        connection.state, connection.since = state, time.monotonic()
        connection.deadline = connection.since + seconds if seconds else 0
        self._watch(connection, selectors.EVENT_WRITE if state is State.SENDING else selectors.EVENT_READ)

    def _watch(self, connection: Connection, events: int) -> None:
        if events == connection.events:
            return
        if not connection.events:
            self.selector.register(connection.sock, events, partial(self._on_event, connection))
        elif events:
            self.selector.modify(connection.sock, events, partial(self._on_event, connection))
        else:
            self.selector.unregister(connection.sock)
        connection.events = events

    def _on_event(self, connection: Connection, events: int) -> None:
        # A connection that was closed earlier in this turn.
        if connection in self.connections:
            self._guard(connection, self._send if events & selectors.EVENT_WRITE else self._receive)

    def _receive(self, connection: Connection) -> None:
        if connection.state is State.RESPONSE:
            # The next request, or the end: it is read after the response.
            self._watch(connection, connection.events & ~selectors.EVENT_READ)
            return
        data = connection.receive()
        if data is None:
            return
        if not data:
            if connection in self.ready:
                # The client sends no more, and waits for the answers to what it has sent.
                self._watch(connection, 0)
            else:
                self._drop(connection)
        elif connection.state is State.HEAD:
            if not connection.received:
                connection.since = time.monotonic()
                connection.deadline = connection.since + HEAD_SECONDS
            connection.received += data
            self._read_head(connection)
        elif connection.state is State.BODY:
            self._read_body(connection, data)

    def _send(self, connection: Connection) -> None:
        connection.send_more()
        if connection.has_unsent:
            return
        if connection.state is State.RESPONSE:
            # The thread has not finished.
            connection.deadline = 0
            self._watch(connection, connection.events & ~selectors.EVENT_WRITE)
        else:
            self._finish(connection)

    def _note_unsent(self, connection: Connection) -> None:
        """A thread, or the loop, could not send everything."""
        self.call(partial(self._guard, connection, self._wait_for_sending))

    def _wait_for_sending(self, connection: Connection) -> None:
        if connection in self.connections and connection.has_unsent:
            if connection.state is State.RESPONSE:
                connection.since, connection.sent = time.monotonic(), 0
                connection.deadline = connection.since + SEND_SECONDS
                self._watch(connection, selectors.EVENT_WRITE)
            elif connection.state is not State.SENDING:
                connection.sent = 0
                self._wait(connection, State.SENDING, seconds=SEND_SECONDS)

    def _time_out(self, connection: Connection) -> None:
        """The deadline has passed."""
        now = time.monotonic()
        match connection.state:
            case State.BODY if now < (end := connection.since + BODY_SECONDS + connection.request.arrived / SLOWEST):
                connection.deadline = end
            case State.RESPONSE | State.SENDING if now < (
                end := connection.since + SEND_SECONDS + connection.sent / SLOWEST
            ):
                connection.deadline = end
            case State.HEAD if not connection.received:
                self._close(connection)
            case State.HEAD | State.BODY:
                self._refuse(connection, "request_timeout")
            case _:
                self._drop(connection)

    def _finish(self, connection: Connection) -> None:
        """The response is complete: waits until it is sent, then for the next request or for the client's end."""
        if connection.has_unsent:
            if connection.state is not State.SENDING:
                connection.sent = 0
                self._wait(connection, State.SENDING, seconds=SEND_SECONDS)
        elif connection.is_kept:
            connection.request = None
            if connection.received:
                self.ready.append(connection)
            # A stopping worker waits a moment for a request that is on its way.
            self._wait(connection, State.HEAD, seconds=self.cfg.keepalive if self.alive else LINGER_SECONDS)
        else:
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        """Ends the connection after the client has seen that nothing follows."""
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(connection)
        else:
            connection.received.clear()
            self._wait(connection, State.CLOSING, seconds=CLOSE_SECONDS)

    def _drop(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
            self._watch(connection, 0)
            connection.close()
            # A refused request is closed already.
            if connection.state is State.BODY and connection.request is not None:
                connection.request.close()

    # Requests

    def _read_head(self, connection: Connection) -> None:
        """Begins with the request whose head has arrived, if there is one."""
        received = connection.received
        if connection.state is not State.HEAD or not received:
            return
        end = received.find(END, max(connection.searched - len(END) + 1, 0))
        try:
            if end < 0:
                connection.searched = len(received)
                self._watch(connection, selectors.EVENT_READ)
                check_incomplete(self.cfg, bytes(received), connection.client)
                return
            head = bytes(received[: end + len(END)])
            connection.request = Exchange(self.heads.read(head, connection.client, connection.server), self.max_body)
        except errors.ParseException as error:
            self._refuse_unreadable(connection, error)
            return
        del received[: len(head)]
        connection.searched = 0
        self._begin(connection)

    def _begin(self, connection: Connection) -> None:
        """The head has arrived."""
        head = connection.request.head
        if head.body_length > self.max_body:
            self._refuse(connection, "request_too_large")
        elif connection.request.is_complete:
            self._answer(connection)
        else:
            if head.expects_continue and not connection.received:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._wait(connection, State.BODY, seconds=BODY_SECONDS)
            data, connection.received = bytes(connection.received), bytearray()
            self._read_body(connection, data)

    def _read_body(self, connection: Connection, data: bytes) -> None:
        try:
            connection.received += connection.request.add(data, self.disk)
        except BodyError as error:
            self._refuse(connection, error.code)
            return
        if connection.request.is_complete:
            self._answer(connection)

    def _answer(self, connection: Connection) -> None:
        """The request has arrived completely: answers it here or in a thread."""
        request = connection.request
        head = request.head
        connection.is_kept = self.alive and not head.message.should_close()
        environ = head.environ_for(connection.client, request.environ)
        self._wait(connection, State.RESPONSE)
        if self.at_once is None:
            self._continue(connection, environ, None)
        else:
            self.at_once(environ, partial(self._continue, connection, environ))

    def _continue(self, connection: Connection, environ: dict[str, Any], answer: Any) -> None:
        """Sends what the application answered at once; without an answer, a thread asks it."""
        if answer is not None:
            self._guard(connection, partial(self._send_answer, environ, *answer))
            return
        # Only these count: what the loop answers leaks no memory, and starting a worker takes seconds.
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = connection.is_kept = False
        self.threads.submit(self._respond, connection, connection.request, environ)

    def _send_answer(
        self,
        environ: dict[str, Any],
        status: str,
        headers: Iterable[tuple[str, str]],
        chunks: Sequence[bytes],
        connection: Connection,
    ) -> None:
        request = connection.request
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        start = (
            f"{environ['SERVER_PROTOCOL']} {status}\r\nServer: {wsgi.SERVER}\r\nDate: {http_date(int(time.time()))}\r\n"
            f"Connection: {'keep-alive' if connection.is_kept else 'close'}\r\n{lines}\r\n"
        )
        body = [] if environ["REQUEST_METHOD"] == "HEAD" else [chunk for chunk in chunks if chunk]
        connection.sendall(start.encode("latin-1"), *body)
        response = Sent(status, headers, sum(map(len, body)))
        self.log.access(response, request.head.message, environ, request.elapsed)
        self._finish(connection)

    def _respond(
        self, connection: Connection, request: Exchange, environ: dict[str, Any], may_defer: bool = True
    ) -> None:
        """Lets the application respond; in a thread, which it may leave once to let others work."""
        ask, is_answered = self.wsgi, True
        if may_defer and self.answer_or_defer is not None:
            again = partial(self.threads.submit, self._respond, connection, request, environ, may_defer=False)
            ask = partial(self.answer_or_defer, again=partial(self.call, again))
        response = wsgi.Response(request.head.message, connection, self.cfg)
        if not connection.is_kept:
            response.force_close()
        try:
            is_answered = self._write(ask, response, request, environ)
            if is_answered:
                connection.is_kept = not response.should_close()
        except OSError as error:
            connection.is_kept = False
            self.log.debug("The client did not wait for its response: %s", type(error).__name__)
        except Exception:
            connection.is_kept = False
            self.log.exception("Error handling request %s", request.head.title)
            if not response.headers_sent:
                connection.sendall(refusal("internal_error", dict(environ)))
        finally:
            if is_answered:
                request.close()
                self.call(partial(self._guard, connection, self._end_response))

    def _write(self, ask: Callable[..., Any], response: Any, request: Exchange, environ: dict[str, Any]) -> bool:
        """Sends what the application responds; False if it will respond later."""
        chunks = ask(environ, response.start_response)
        if chunks is None:
            return False
        try:
            for chunk in chunks:
                response.write(chunk)
            response.close()
        finally:
            self.log.access(response, request.head.message, environ, request.elapsed)
            if hasattr(chunks, "close"):
                chunks.close()
        return True

    def _end_response(self, connection: Connection) -> None:
        if connection in self.connections:
            self._finish(connection)

    def _refuse_unreadable(self, connection: Connection, error: Exception) -> None:
        code = code_of(error)
        if code == "internal_error":
            self.log.error("Error reading a request: %s", type(error).__name__)
        # Only the type of the exception: its text repeats the request.
        self._refuse(connection, code, why=type(error).__name__)

    def _refuse(self, connection: Connection, code: str, why: str = "") -> None:
        """Responds with an error of the API and closes the connection."""
        request, connection.request = connection.request, None
        environ = environ_of(bytes(connection.received)) if request is None else request.head.environ
        self.log.warning("Refused a request of %s: %s", caller_of(environ, connection.client), why or code)
        if request is not None:
            request.close()
        connection.is_kept = False
        connection.sendall(refusal(code, environ))
        self._finish(connection)

    def _log_long_requests(self, now: float) -> None:
        for connection in self.connections:
            request = connection.request
            if connection.state is State.RESPONSE and not request.is_logged and now - request.since > LONG_SECONDS:
                request.is_logged = True
                self.log.warning("A request has been running for %d s: %s", LONG_SECONDS, request.head.title)

    # The end

    def _stop(self) -> None:
        """Answers what has arrived, and what clients are sending, before the process exits."""
        end = time.monotonic() + self.cfg.graceful_timeout - 1
        self._accept_more(False)
        for listener in self.sockets:
            # Connections that the kernel has accepted would be reset if no other process has the listener.
            self._accept(listener, count=self.cfg.backlog)
            listener.close()
        for connection in list(self.connections):
            if connection.state is State.HEAD and not connection.received:
                connection.deadline = time.monotonic() + LINGER_SECONDS
        while self.connections and time.monotonic() < end:
            self._try_turn()
        for connection in list(self.connections):
            self._drop(connection)
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.selector.close()

    def handle_quit(self, sig: int, frame: Any) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        super().handle_quit(sig, frame)
