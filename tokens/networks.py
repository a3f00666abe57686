"""The networks that a key may be used from: whether an address lies in one of them. Imports no models."""

import functools
import ipaddress
from collections.abc import Iterable

# Where IPv6 has the addresses of IPv4.
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether the address lies in one of the networks; IPv4 written as IPv6 counts as IPv4."""
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(caller, ipaddress.IPv6Address) and caller.ipv4_mapped:
        caller = caller.ipv4_mapped
    return any(caller in network for network in map(_network, networks) if network is not None)


@functools.lru_cache(maxsize=4096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network, or None for a text that is none: it opens no door, and keeps no other one shut.

    Of IPv4 written as IPv6, the one of IPv4, for so are callers compared.
    """
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(MAPPED):
        first = network.network_address.ipv4_mapped
        return ipaddress.IPv4Network(f"{first}/{network.prefixlen - MAPPED.prefixlen}")
    return network
