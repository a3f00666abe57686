"""The address that a request comes from, and the networks that a key may be used from. Imports no models."""

import functools
import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]{1,5}|\[(?P<v6>[0-9a-fA-F:.]+)\](?::[0-9]{1,5})?")

# IPv4-mapped IPv6 addresses (RFC 4291).
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")

# Unspecified, multicast and reserved addresses, which no caller has (RFC 6890).
WITHOUT_SENDERS = tuple(map(ipaddress.ip_network, ("0.0.0.0/8", "224.0.0.0/3", "::/128", "ff00::/8")))


def caller_address(environ: Mapping[str, Any], *, proxies: int) -> str:
    """The caller's address from a WSGI environ: that of the connection, or what the outermost trusted proxy reports.

    A report that is not a valid address is the empty text, which is in no network.
    """
    forwarded = [part for part in map(str.strip, environ.get("HTTP_X_FORWARDED_FOR", "").split(",")) if part]
    if proxies and len(forwarded) >= proxies:
        return _without_port(forwarded[-proxies])
    return str(environ.get("REMOTE_ADDR", ""))


@functools.lru_cache(maxsize=1024)
def _without_port(address: str) -> str:
    """`1.2.3.4:5555` and `[2001:db8::1]:443`, as proxies write them, without brackets and port."""
    match = WITH_PORT.fullmatch(address)
    address = (match["v4"] or match["v6"]) if match else address
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return ""
    return address


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether the address is in one of the networks; an IPv4-mapped IPv6 address is treated as IPv4."""
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(caller, ipaddress.IPv6Address) and caller.ipv4_mapped:
        caller = caller.ipv4_mapped
    return any(caller in network for network in map(_network, networks) if network is not None)


def is_without_callers(text: str) -> bool:
    """Whether no request can come from a network, because it is not valid or within one without senders."""
    network = _network(text)
    return network is None or any(network[0] in nobody and network[-1] in nobody for nobody in WITHOUT_SENDERS)


@functools.lru_cache(maxsize=4096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network, or None for an invalid text, which matches nothing and does not affect the other networks.

    A network of IPv4-mapped addresses is returned as the IPv4 network, because callers are compared as IPv4.
    """
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(MAPPED):
        first = network.network_address.ipv4_mapped
        return ipaddress.IPv4Network(f"{first}/{network.prefixlen - MAPPED.prefixlen}")
    return network
