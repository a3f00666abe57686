"""Fetching a source from its address: the only module that opens a connection to somewhere a person named.

Whoever may name an address could have this server ask others that only it can reach. So an address is https and on its
usual port, its host is looked up once, each of the host's addresses must be one of the public internet, and the
connection goes to the very address that was judged. The operator's own hosts are named in FETCH_OWN_HOSTS.
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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings

SECONDS = 10.0
LARGEST = 32 * 1024 * 1024
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 64 * 1024

# Visible ASCII alone: other digits and letters become ordinary ones on their way to the resolver.
URL = re.compile(r"[!-\[\]-~]{1,2048}")
# At least two labels, and the last one no number in any base: 127.1 and 0x7f.1 are addresses to a resolver.
NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?!0x[0-9a-f]*$)[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
PORTS = {"http": 80, "https": 443}
# Unicast that is given to somebody, but for what leads on to an IPv4 address or is only for examples.
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
            # Azure's own machine behind every one of its guests: a public number that leads nowhere public.
            "168.63.129.16/32",
        ),
    )
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(ValueError):
    """What was not fetched and why, in one sentence that names the host and no secret of the address."""


@dataclass(frozen=True)
class Fetched:
    """The bytes, and by what to ask whether they have changed."""

    content: bytes
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class NotModified:
    """The source has not changed since it was fetched."""


@dataclass(frozen=True)
class _Place:
    """Where a request goes: an address that has been judged, and the name that it was asked for by."""

    url: SplitResult
    host: str
    port: int
    addresses: tuple[Address, ...]
    is_own: bool

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.url.scheme] else f"{name}:{self.port}"

    @property
    def target(self) -> str:
        return (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")


def fetch(url: str, *, etag: str = "", last_modified: str = "") -> Fetched | NotModified:
    """The document at this address, unless it is the one that had this ETag; FetchError says why not."""
    deadline = time.monotonic() + SECONDS
    asked = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers = {name: value for name, value in asked.items() if value}
    own = True
    for _ in range(MOST_REDIRECTS + 1):
        place = _judge(url, deadline, own=own)
        # A stranger's host may not lead to one of the operator's own.
        own = place.is_own
        answer = _ask(place, headers, deadline)
        if not isinstance(answer, str):
            return answer
        url = urljoin(url, answer)
    raise FetchError(f"{place.host} led on more than {MOST_REDIRECTS} times.")


def without_secrets(url: str) -> str:
    """The address as it may be kept and shown: queries hold keys."""
    return url.partition("?")[0].partition("#")[0]


def is_public(address: Address) -> bool:
    """Whether an address belongs to one machine of the public internet.

    `is_global` alone also says so of multicast, and of ranges that carry an IPv4 address inside: NAT64, 6to4, Teredo.
    """
    if isinstance(address, ipaddress.IPv6Address) and (address not in PUBLIC_V6 or address.scope_id):
        return False
    reserved = any(address.version == network.version and address in network for network in NOT_PUBLIC)
    return address.is_global and not address.is_multicast and not reserved


def _judge(url: str, deadline: float, *, own: bool) -> _Place:
    """The place that an address names, if it is one that may be asked; `own`: the operator's hosts too."""
    parts = _parse(url)
    host, port = (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme, 0)
    is_own = own and f"{host}:{port}" in {name.lower() for name in settings.FETCH_OWN_HOSTS}
    if parts.scheme not in PORTS or (parts.scheme == "http" and not is_own):
        raise FetchError("A source's address begins with https://.")
    if not is_own and port != PORTS["https"]:
        raise FetchError("A source's address has no port of its own: only 443 is asked.")
    literal = _literal(host)
    if literal is None and not is_own and not NAME.fullmatch(host):
        raise FetchError("The host of the address is no name such as models.example.com.")
    addresses = (literal,) if literal is not None else _resolve(host, port, deadline)
    if not is_own and not all(map(is_public, addresses)):
        raise FetchError(f"{host} is not on the public internet; name your own hosts in FETCH_OWN_HOSTS.")
    return _Place(parts, host, port, addresses, is_own)


def _parse(url: str) -> SplitResult:
    if not URL.fullmatch(url):
        raise FetchError("The address holds a space, a letter outside ASCII or a backslash, or is too long.")
    try:
        parts = urlsplit(url)
        number = parts.port
    except ValueError:
        raise FetchError("The address cannot be read: its host or port is none.") from None
    if number == 0 or "@" in parts.netloc or not parts.hostname or "%" in parts.netloc:
        raise FetchError("The address has no plain host; it may hold no user name, no password and no escapes there.")
    return parts


def _literal(host: str) -> Address | None:
    """The address that stands in place of a name, in the one way to write it."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _resolve(host: str, port: int, deadline: float) -> tuple[Address, ...]:
    """All addresses of the host. A look-up knows no time limit of its own: one that takes too long is left behind."""
    found: list[Address] = []

    def look_up() -> None:
        with contextlib.suppress(OSError, UnicodeError, ValueError):
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in entries))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(deadline - time.monotonic(), 0))
    if thread.is_alive():
        raise FetchError(f"The address of {host} was not found in time.")
    if not found:
        raise FetchError(f"There is no host {host}.")
    return tuple(found)


def _ask(place: _Place, headers: Mapping[str, str], deadline: float) -> Fetched | NotModified | str:
    """The answer of that place, or where it leads on to."""
    connection = http.client.HTTPConnection(place.host, place.port)
    try:
        connection.sock = _connect(place, deadline)
        sent = {"Host": place.host_header, "User-Agent": "Modelbook", "Accept": "*/*", "Accept-Encoding": "gzip"}
        connection.request("GET", place.target, headers={**sent, "Connection": "close", **headers})
        with connection.getresponse() as response:
            return _read_answer(place, response)
    except TimeoutError:
        raise FetchError(f"{place.host} took longer than {SECONDS:.0f} seconds.") from None
    except ssl.SSLError as error:
        raise FetchError(f"{place.host} has no certificate that can be trusted ({error.reason}).") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, FetchError):
            raise
        raise FetchError(f"{place.host} could not be asked ({type(error).__name__}).") from None
    finally:
        connection.close()


class _Timed:
    """A socket that waits no longer than until its deadline, however slowly bytes come."""

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


def _connect(place: _Place, deadline: float) -> socket.socket:
    """A connection to the first of the judged addresses that answers, under the host's name."""
    problem: OSError = OSError("no address")
    for address in place.addresses:
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        plain = _Plain(family, socket.SOCK_STREAM)
        plain.deadline = deadline
        try:
            plain.settimeout(_left(deadline))
            plain.connect((str(address), place.port))
        except OSError as error:
            plain.close()
            problem = error
        else:
            return plain if place.url.scheme == "http" else _secured(plain, place.host, deadline)
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


def _read_answer(place: _Place, response: http.client.HTTPResponse) -> Fetched | NotModified | str:
    if response.status == 304:
        return NotModified()
    if response.status in REDIRECTS and (location := response.getheader("Location")):
        return location
    if response.status != 200:
        raise FetchError(f"{place.host} answered {response.status} instead of the document.")
    if (response.length or 0) > LARGEST:
        raise FetchError(_too_large(place))
    content = b"".join(_limited(_unpacked(place, response), place))
    if response.length:
        # http.client itself takes a body that ends too early for a whole one.
        raise FetchError(f"{place.host} sent only a part of the document.")
    return Fetched(content, _kept(response, "ETag", 255), _kept(response, "Last-Modified", 64))


def _kept(response: http.client.HTTPResponse, name: str, longest: int) -> str:
    """A header to send back next time; one that is too long or strange is forgotten."""
    value = response.getheader(name) or ""
    return value if len(value) <= longest and value.isascii() and value.isprintable() else ""


def _unpacked(place: _Place, response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body in pieces, none of them larger than a chunk, whatever it was packed into."""
    packing = (response.getheader("Content-Encoding") or "identity").strip().lower()
    pieces = _limited(iter(lambda: response.read(CHUNK), b""), place)
    if packing == "identity":
        return pieces
    if packing not in ("gzip", "x-gzip"):
        raise FetchError(f"{place.host} packed the document in a way that was not asked for.")
    return _gunzipped(place, pieces)


def _gunzipped(place: _Place, pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for piece in pieces:
            while piece:
                yield unpacker.decompress(piece, CHUNK)
                piece = unpacker.unconsumed_tail
    except zlib.error:
        raise FetchError(f"{place.host} sent a damaged gzip.") from None
    if not unpacker.eof:
        raise FetchError(f"{place.host} sent half of a gzip.")


def _limited(pieces: Iterator[bytes], place: _Place) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > LARGEST:
            raise FetchError(_too_large(place))
        yield piece


def _too_large(place: _Place) -> str:
    return f"{place.host} sent more than {LARGEST // 1024**2} MiB."
