"""Networks of a key, and which proxies may state the client's address."""

from typing import Any

import pytest
from django.test import Client

from tests import world
from tokens.auth.credentials import address_in

pytestmark = pytest.mark.django_db


def status(client: Client, key: str, *, address: str, forwarded: str | None = None) -> int:
    headers = {"authorization": f"Bearer {key}"} | ({} if forwarded is None else {"x-forwarded-for": forwarded})
    return client.get("/v1/models", headers=headers, REMOTE_ADDR=address).status_code


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
        ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
        ("203.0.113.0/24", "::ffff:203.0.113.9", "::ffff:203.0.114.9"),
        ("0.0.0.0/0", "198.51.100.1", "2001:db8::1"),
        ("::ffff:1.2.3.0/120", "1.2.3.9", "1.2.4.9"),
        ("::ffff:1.2.3.0/120", "::ffff:1.2.3.9", "::ffff:1.2.4.9"),
        ("::ffff:1.2.3.4", "1.2.3.4", "1.2.3.5"),
        ("::ffff:0:0/96", "198.51.100.1", "2001:db8::1"),
        ("::/0", "2001:db8::1", "198.51.100.1"),
    ],
)
def test_only_addresses_inside_a_network_are_allowed(client: Client, network: str, inside: str, outside: str) -> None:
    key = world.key(networks=[network])

    assert (status(client, key, address=inside), status(client, key, address=outside)) == (200, 403)


def test_any_of_several_networks_will_do(client: Client) -> None:
    key = world.key(networks=["203.0.113.0/24", "2001:db8::/32"])

    assert {status(client, key, address=address) for address in ("203.0.113.1", "2001:db8::1")} == {200}


@pytest.mark.parametrize("address", ["", "unix:", "not an address", "203.0.113.1:4711"])
def test_an_invalid_address_is_in_no_network(client: Client, address: str) -> None:
    assert status(client, world.key(networks=["0.0.0.0/0", "::/0"]), address=address) == 403
    assert status(client, world.key(), address=address) == 200


def test_an_invalid_network_allows_and_blocks_nothing(client: Client) -> None:
    assert status(client, world.key(networks=["203.0.113.5/24"]), address="203.0.113.5") == 403
    assert status(client, world.key(networks=["nonsense", "203.0.113.0/24"]), address="203.0.113.5") == 200


def test_the_refusal_names_the_reason(client: Client) -> None:
    key = world.key(networks=["203.0.113.0/24"])

    answer = client.get("/v1/models", headers={"authorization": f"Bearer {key}"}, REMOTE_ADDR="198.51.100.1")

    assert answer.status_code == 403
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("permission_error", "ip_not_allowed")
    assert "198.51.100.1" not in answer.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "203.0.113.1", False),  # nobody is trusted: the header is the caller's own word
        (1, "203.0.113.1", True),
        (1, "198.51.100.9, 203.0.113.1", True),
        (1, "203.0.113.1, 198.51.100.9", False),  # what a caller sends is left of what the proxy adds
        (2, "203.0.113.1, 10.0.0.1", True),
        (2, "6.6.6.6, 203.0.113.1, 10.0.0.1", True),
        (2, "203.0.113.1", False),  # fewer entries than proxies: somebody went around one
        (1, "203.0.113.1, ", True),
        (1, "garbage", False),
        (1, None, False),
    ],
)
def test_only_trusted_proxies_say_where_a_caller_is(
    client: Client, settings: Any, proxies: int, forwarded: str | None, seen: bool
) -> None:
    settings.TRUSTED_PROXIES = proxies
    key = world.key(networks=["203.0.113.0/24"])

    assert status(client, key, address="10.0.0.9", forwarded=forwarded) == (200 if seen else 403)


def test_without_the_header_the_connection_counts(client: Client, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1

    assert status(client, world.key(networks=["10.0.0.0/8"]), address="10.0.0.9") == 200


@pytest.mark.parametrize(
    ("network", "forwarded", "expected"),
    [
        ("1.2.3.4", "1.2.3.4:5555", 200),
        ("1.2.3.4", "1.2.3.5:5555", 403),
        ("2001:db8::1", "[2001:db8::1]:443", 200),
        ("2001:db8::1", "[2001:db8::1]", 200),
        ("2001:db8::1", "2001:db8::1", 200),
        ("1.2.3.0/24", "[::ffff:1.2.3.4]:443", 200),
        # The last group of an IPv6 address without brackets is not a port.
        ("2001:db8::1", "2001:db8::1:443", 403),
        ("0.0.0.0/0", "1.2.3.4:port", 403),
        ("::/0", "[2001:db8::1", 403),
    ],
)
def test_a_proxy_may_write_the_port_too(
    client: Client, settings: Any, network: str, forwarded: str, expected: int
) -> None:
    settings.TRUSTED_PROXIES = 1

    assert status(client, world.key(networks=[network]), address="10.0.0.9", forwarded=forwarded) == expected


def test_the_holder_of_a_key_learns_its_networks_and_others_do_not(client: Client) -> None:
    key = world.key(networks=["203.0.113.0/24", "2001:db8::/32"])
    sent: dict[str, Any] = {"headers": {"authorization": f"Bearer {key}"}, "REMOTE_ADDR": "198.51.100.1"}

    to_holder, to_others = (client.get(path, **sent).json()["error"] for path in ("/api/token", "/v1/models"))

    assert (to_holder["code"], to_others["code"]) == ("ip_not_allowed", "ip_not_allowed")
    assert to_holder["message"] == (
        "This API key is not allowed from this IP address, 198.51.100.1. It is allowed from 203.0.113.0/24, "
        "2001:db8::/32."
    )
    assert to_others["message"] == "This API key is not allowed from this IP address."


def test_a_report_that_is_not_an_address_is_in_no_network_and_no_log(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1

    for report, address in {"evil\x85line": "", "9.9.9.9, [2001:db8::1]:4711": "2001:db8::1"}.items():
        assert address_in({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": report}) == address
