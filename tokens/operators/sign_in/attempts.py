"""The name and the address for which django-axes counts failed sign-ins: the caller can vary neither of them."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from tokens.auth.credentials import client_address

# One customer of a provider has at least so many bits of an IPv6 address, and may use a new one for each attempt.
NETWORK_BITS = 64


def counted_address(request: HttpRequest) -> str:
    """The caller's address; of IPv6, the first address of its network."""
    try:
        address = ipaddress.ip_address(client_address(request))
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", None) or address)
    return str(ipaddress.ip_network((int(address), NETWORK_BITS), strict=False).network_address)


def counted_name(request: HttpRequest | None, credentials: Mapping[str, Any] | None) -> str | None:
    """The name of an operator; a digest of another name: people type passwords and keys into the field."""
    sent: Any = credentials or (request.POST if request is not None else {})
    name = sent.get("username")
    if not name or User.objects.filter(username=name).exists():
        return name  # type: ignore[no-any-return]
    return salted_hmac(__name__, str(name), algorithm="sha256").hexdigest()
