"""Checks whether an address is in one of the networks that a key may be used from. Imports no models."""

import functools
import ipaddress
from collections.abc import Iterable

# IPv4-mapped IPv6 addresses (RFC 4291).
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether the address is in one of the networks; an IPv4-mapped IPv6 address is treated as IPv4."""
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(caller, ipaddress.IPv6Address) and caller.ipv4_mapped:
        caller = caller.ipv4_mapped
    return any(caller in network for network in map(_network, networks) if network is not None)


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
