"""No address makes this server connect to hosts that only it can reach; the tests watch every connection."""

import ipaddress
import socket
import threading
from typing import Any

import pytest

from catalog.imports.fetching import FetchError, fetch, is_public

PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"

BAD = [
    # Schemes
    "http://models.example.com/a.json",
    "ftp://models.example.com/a.json",
    "file:///etc/passwd",
    "gopher://models.example.com/",
    "data:application/json,{}",
    "javascript:alert(1)",
    "//models.example.com/a.json",
    "models.example.com/a.json",
    "https:models.example.com",
    "https:///a.json",
    "https://",
    "",
    " https://models.example.com/",
    "https://models.example.com/a b.json",
    "https://models.example.com/\r\nHost: 127.0.0.1",
    "https://models.example.com/\x00",
    "https://models.example.com\\@127.0.0.1/",
    "https://models.example.com/" + "a" * 3000,
    # Ports
    "https://models.example.com:22/",
    "https://models.example.com:80/",
    "https://models.example.com:6379/",
    "https://models.example.com:0/",
    "https://models.example.com:99999/",
    "https://models.example.com:443x/",
    "https://models.example.com:-1/",
    # Users
    "https://models.example.com@127.0.0.1/",
    "https://user:password@models.example.com/",
    "https://127.0.0.1:443@models.example.com/",
    "https://@models.example.com/",
    "https://models.example.com%40127.0.0.1/",
    # Loopback and private addresses
    "https://127.0.0.1/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/machine?comp=goalstate",
    "https://100.100.100.200/",
    "https://0.0.0.0/",
    "https://255.255.255.255/",
    "https://224.0.0.1/",
    "https://192.0.0.8/",
    "https://198.18.0.1/",
    # The same, written otherwise
    "https://127.1/",
    "https://127.0.1/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.01/",
    "https://0/",
    "https://127.0.0.1./",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://١٢٧.0.0.1/",
    "https://%31%32%37.0.0.1/",
    # Names
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://intranet/",
    "https://ⓛocalhost/",
    "https://exämple.com/",
    "https://models..example.com/",
    "https://-.example.com/",
    "https://models.example.com./",
    "https://" + "a" * 64 + ".example.com/",
    # IPv6
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25lo]/",
    "https://[fc00::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[::1/",
    "https://::1/",
]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that anything tried to connect to; none of them answers."""
    tried: list[str] = []

    def connect(self: socket.socket, address: Any) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("catalog.imports.fetching._Plain.connect", connect)
    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


def answers(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> list[str]:
    """The resolver gives these addresses, another list each time it is asked; returns the names that it was asked."""
    hosts_asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        hosts_asked.append(host)
        addresses = rounds[min(len(hosts_asked), len(rounds)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return hosts_asked


def test_the_list_of_bad_addresses_is_long() -> None:
    assert len(set(BAD)) == len(BAD) >= 60


@pytest.mark.parametrize("url", BAD)
def test_a_bad_address_is_reported_without_a_connection(
    url: str, connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, ["127.0.0.1"])
    with pytest.raises(FetchError) as refused:
        fetch(url)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert connections == []


@pytest.mark.parametrize(
    "addresses",
    [
        [PRIVATE],
        [PUBLIC, PRIVATE],
        [PRIVATE, PUBLIC],
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%eth0"],
        [PUBLIC, "64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["224.0.0.1"],
    ],
)
def test_a_name_is_refused_when_any_of_its_addresses_is_not_public(
    addresses: list[str], connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, addresses)
    with pytest.raises(FetchError, match="not on the public internet"):
        fetch("https://models.example.com/a.json")
    assert connections == []


def test_a_name_that_changes_its_address_is_looked_up_once(
    connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts_asked = answers(monkeypatch, [PUBLIC], ["127.0.0.1"])
    with pytest.raises(FetchError):
        fetch("https://models.example.com/a.json")
    assert (hosts_asked, connections) == (["models.example.com"], [PUBLIC])


def test_an_unknown_host_is_named(connections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, [])
    with pytest.raises(FetchError, match=r"There is no host models\.example\.com\."):
        fetch("https://models.example.com/a.json?key=secret")


def test_a_resolver_that_never_answers_is_abandoned(connections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(5) and [])
    monkeypatch.setattr("catalog.imports.fetching.SECONDS", 0.2)
    with pytest.raises(FetchError, match="was not found in time"):
        fetch("https://models.example.com/")
    released.set()


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001::8a"])
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_proxies_of_the_environment_are_not_used(connections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, [PUBLIC])
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    with pytest.raises(FetchError):
        fetch("https://models.example.com/")
    assert connections == [PUBLIC]
