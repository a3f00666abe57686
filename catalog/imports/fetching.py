"""Fetches sources, sends events and asks gateways: the only module that connects to addresses that people enter.

An address could make this server send requests to hosts that only it can reach (SSRF). So an address must be https on
port 443, its host is looked up once, all of the host's addresses must be on the public internet, and the connection
goes to an address that was checked. FETCH_OWN_HOSTS names the operator's own hosts, which are exempt.
`ask` is for addresses that an operator enters at the command line, where every host is allowed.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings

from catalog.sources.limits import LARGEST_FILE

SECONDS = 10.0
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 64 * 1024
# How much of the answer to a POST is read: its status counts, and the code that some chats write into a short body.
LONGEST_ANSWER = 4096
# How long the host of an address is looked up while a form or a request waits.
LOOK_UP_SECONDS = 3.0

# Visible ASCII only: resolvers convert other digits and letters to ordinary ones.
URL = re.compile(r"[!-\[\]-~]{1,2048}")
# At least two labels, and the last one is not a number in any base: to a resolver, 127.1 and 0x7f.1 are addresses.
NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?!0x[0-9a-f]*$)[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
PORTS = {"http": 80, "https": 443}
OWN_HOSTS = "Name your own hosts in FETCH_OWN_HOSTS, with their port: gateway.internal:3000."
# Assigned unicast, without ranges that lead to an IPv4 address or are for documentation.
PUBLIC_V6 = ipaddress.ip_network("2000::/3")
NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "240.0.0.0/4",
            # Azure's host agent: a public address that every virtual machine reaches privately.
            "168.63.129.16/32",
        ),
    )
)

Response = TypeVar("Response")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(ValueError):
    """Why a host was not reached or gave no answer, in one sentence that names it and no secret of the address."""


class LookUpError(FetchError):
    """The host of an address has no address now; it may have one later."""


@dataclass(frozen=True)
class Fetched:
    """A document, and the validators for the next conditional request."""

    content: bytes
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Reply:
    """An answer of any status; a redirect is not followed."""

    status: int
    content: bytes


@dataclass(frozen=True)
class NotModified:
    """The document has not changed since it was fetched."""


@dataclass(frozen=True)
class _Target:
    """The destination of a request: a URL and the checked addresses of its host."""

    url: SplitResult
    host: str
    port: int
    addresses: tuple[Address, ...]
    is_own: bool
    # When the request ends, by time.monotonic, and how long it may take.
    deadline: float
    seconds: float

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.url.scheme] else f"{name}:{self.port}"

    @property
    def path(self) -> str:
        return (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")


def fetch(url: str, *, etag: str = "", last_modified: str = "") -> Fetched | NotModified:
    """The document at this address, unless it still has this ETag. FetchError says why it cannot be fetched."""
    deadline = time.monotonic() + SECONDS
    validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers = {name: value for name, value in validators.items() if value}
    own = True
    for _ in range(MOST_REDIRECTS + 1):
        target = _check(url, deadline, own=own)
        # A foreign host may not redirect to one of the operator's own hosts.
        own = target.is_own
        response = _request(target, {**headers, "Accept-Encoding": "gzip"}, _read_response)
        if not isinstance(response, str):
            return response
        url = urljoin(url, response)
    raise FetchError(f"{target.host} redirected more than {MOST_REDIRECTS} times.")


def send(url: str, body: bytes, *, headers: Mapping[str, str], seconds: float = SECONDS) -> Reply:
    """What the host answers when these bytes are posted; the content of the reply is only its start.

    The address is checked like that of a source. A redirect is an answer and is not followed: the body and its
    signature go to the address that an operator entered. FetchError if there is no answer within these seconds.
    """
    target = _check(url, time.monotonic() + seconds, own=True, seconds=seconds)
    return _request(target, headers, _read_answer, body=body)


def check_address(url: str) -> None:
    """FetchError if requests to this address are not allowed, for what is stored and used later.

    A host that is not found may be there later, and is checked again before every connection.
    """
    with contextlib.suppress(LookUpError):
        _check(url, time.monotonic() + LOOK_UP_SECONDS, own=True)


def ask(url: str, *, headers: Mapping[str, str]) -> Reply:
    """What an address answers that an operator entered at the command line, so every host is allowed.

    The headers may contain a key: they are sent once, to this host only, and to the public internet only over https.
    FetchError if it does not answer.
    """
    deadline = time.monotonic() + SECONDS
    if not url.lower().startswith(("https://", "http://")):
        raise FetchError("The address must start with https:// or http://.")
    parts = _parse(url)
    host, port = (parts.hostname or "").lower(), parts.port or PORTS[parts.scheme]
    literal = _literal(host)
    addresses = (literal,) if literal is not None else _resolve(host, port, deadline)
    if parts.scheme == "http" and any(map(is_public, addresses)):
        raise FetchError(f"{host} is on the public internet: use https://, because keys are sent to it.")
    target = _Target(parts, host, port, addresses, is_own=True, deadline=deadline, seconds=SECONDS)
    return _request(target, {"Accept-Encoding": "gzip", **headers}, _read_reply)


def without_secrets(url: str) -> str:
    """The address without its query, which may contain keys: this part may be stored and shown."""
    return url.partition("?")[0].partition("#")[0]


def is_public(address: Address) -> bool:
    """Whether an address belongs to one machine of the public internet.

    `is_global` is also true for multicast, and for ranges that contain an IPv4 address: NAT64, 6to4, Teredo.
    """
    if isinstance(address, ipaddress.IPv6Address) and (address not in PUBLIC_V6 or address.scope_id):
        return False
    reserved = any(address.version == network.version and address in network for network in NOT_PUBLIC)
    return address.is_global and not address.is_multicast and not reserved


def _check(url: str, deadline: float, *, own: bool, seconds: float | None = None) -> _Target:
    """The target of an address, if requests to it are allowed; `own`: also the operator's own hosts."""
    parts = _parse(url)
    host, port = (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme, 0)
    is_own = own and f"{host}:{port}" in {name.lower() for name in settings.FETCH_OWN_HOSTS}
    if parts.scheme not in PORTS or (parts.scheme == "http" and not is_own):
        raise FetchError(f"The address must start with https://. {OWN_HOSTS}")
    if not is_own and port != PORTS["https"]:
        raise FetchError(f"The address must not have a port: only port 443 is allowed. {OWN_HOSTS}")
    literal = _literal(host)
    if literal is None and not is_own and not NAME.fullmatch(host):
        raise FetchError("The host of the address is not a valid name. Use a name such as models.example.com.")
    addresses = (literal,) if literal is not None else _resolve(host, port, deadline)
    if not is_own and not all(map(is_public, addresses)):
        raise FetchError(f"{host} is not on the public internet. {OWN_HOSTS}")
    return _Target(parts, host, port, addresses, is_own, deadline, SECONDS if seconds is None else seconds)


def _parse(url: str) -> SplitResult:
    if not URL.fullmatch(url):
        raise FetchError("The address contains a space, a backslash or a letter outside ASCII, or it is too long.")
    try:
        parts = urlsplit(url)
        number = parts.port
    except ValueError:
        raise FetchError("The address is not valid: check its host and port.") from None
    if number == 0 or "@" in parts.netloc or not parts.hostname or "%" in parts.netloc:
        raise FetchError("The address needs a plain host, without a user name, a password or escapes.")
    return parts


def _literal(host: str) -> Address | None:
    """The IP address that is written instead of a host name; None for names and unusual spellings."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _resolve(host: str, port: int, deadline: float) -> tuple[Address, ...]:
    """All addresses of the host. getaddrinfo has no time limit, so a look-up that takes too long is abandoned."""
    addresses: list[Address] = []

    def look_up() -> None:
        with contextlib.suppress(OSError, UnicodeError, ValueError):
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses.extend(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in entries))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(deadline - time.monotonic(), 0))
    if thread.is_alive():
        raise LookUpError(f"The address of {host} was not found in time.")
    if not addresses:
        raise LookUpError(f"There is no host {host}.")
    return tuple(addresses)


def _request(
    target: _Target,
    headers: Mapping[str, str],
    read: Callable[[_Target, http.client.HTTPResponse], Response],
    *,
    body: bytes | None = None,
) -> Response:
    """The response of the target, as `read` returns it; a request with a body is a POST."""
    connection = http.client.HTTPConnection(target.host, target.port)
    try:
        connection.sock = _connect(target)
        sent = {"Host": target.host_header, "User-Agent": "Modelbook", "Accept": "*/*", "Connection": "close"}
        method = "GET" if body is None else "POST"
        connection.request(method, target.path, body=body, headers={**sent, **headers})
        with connection.getresponse() as response:
            return read(target, response)
    except TimeoutError:
        raise FetchError(f"{target.host} took longer than {target.seconds:.0f} seconds.") from None
    except ssl.SSLError as error:
        raise FetchError(f"{target.host} has no trusted certificate ({error.reason}).") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, FetchError):
            raise
        raise FetchError(f"{target.host} could not be reached ({type(error).__name__}).") from None
    finally:
        connection.close()


class _Timed:
    """A socket that never waits beyond its deadline, however slowly bytes arrive."""

    deadline = float("inf")

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_left(self.deadline))  # type: ignore[attr-defined]
        return super().recv_into(*args, **kwargs)  # type: ignore[misc,no-any-return]


class _Plain(_Timed, socket.socket):
    pass


class _Secure(_Timed, ssl.SSLSocket):
    pass


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect(target: _Target) -> socket.socket:
    """A connection to the first checked address that answers, with the host's name for TLS."""
    problem: OSError = OSError("no address")
    for address in target.addresses:
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        plain = _Plain(family, socket.SOCK_STREAM)
        plain.deadline = target.deadline
        try:
            plain.settimeout(_left(target.deadline))
            plain.connect((str(address), target.port))
        except OSError as error:
            plain.close()
            problem = error
        else:
            return plain if target.url.scheme == "http" else _secured(plain, target.host, target.deadline)
    raise problem


def _secured(plain: socket.socket, host: str, deadline: float) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.sslsocket_class = _Secure
    try:
        secure = context.wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError):
        plain.close()
        raise
    secure.deadline = deadline  # type: ignore[attr-defined]
    return secure


def _read_reply(target: _Target, response: http.client.HTTPResponse) -> Reply:
    return Reply(response.status, b"".join(_limited(_decompressed(target, response), target)))


def _read_answer(_target: _Target, response: http.client.HTTPResponse) -> Reply:
    """The status, and the start of the body as far as it arrives in time; the rest changes nothing."""
    start = b""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        while len(start) < LONGEST_ANSWER and (piece := response.read1(LONGEST_ANSWER - len(start))):
            start += piece
    return Reply(response.status, start)


def _read_response(target: _Target, response: http.client.HTTPResponse) -> Fetched | NotModified | str:
    """The document, or the address to which the target redirects."""
    if response.status == 304:
        return NotModified()
    if response.status in REDIRECTS and (location := response.getheader("Location")):
        return location
    if response.status != 200:
        raise FetchError(f"{target.host} answered {response.status} instead of the document.")
    if (response.length or 0) > LARGEST_FILE:
        raise FetchError(_too_large(target))
    content = b"".join(_limited(_decompressed(target, response), target))
    if response.length:
        # http.client accepts a body that ends too early.
        raise FetchError(f"{target.host} sent only a part of the document.")
    return Fetched(content, _validator(response, "ETag", 255), _validator(response, "Last-Modified", 64))


def _validator(response: http.client.HTTPResponse, name: str, longest: int) -> str:
    """A header to send back with the next request; "" if it is too long or not printable ASCII."""
    value = response.getheader(name) or ""
    return value if len(value) <= longest and value.isascii() and value.isprintable() else ""


def _decompressed(target: _Target, response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body in pieces, decompressed; no piece is larger than a chunk."""
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    pieces = _limited(iter(lambda: response.read(CHUNK), b""), target)
    if encoding == "identity":
        return pieces
    if encoding not in ("gzip", "x-gzip"):
        raise FetchError(f"{target.host} compressed the document in an unsupported way.")
    return _gunzipped(target, pieces)


def _gunzipped(target: _Target, pieces: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    try:
        for piece in pieces:
            while piece:
                yield decompressor.decompress(piece, CHUNK)
                piece = decompressor.unconsumed_tail
    except zlib.error:
        raise FetchError(f"{target.host} sent a damaged gzip.") from None
    if not decompressor.eof:
        raise FetchError(f"{target.host} sent an incomplete gzip.")


def _limited(pieces: Iterator[bytes], target: _Target) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > LARGEST_FILE:
            raise FetchError(_too_large(target))
        yield piece


def _too_large(target: _Target) -> str:
    return f"{target.host} sent more than {LARGEST_FILE // 1024**2} MiB."
