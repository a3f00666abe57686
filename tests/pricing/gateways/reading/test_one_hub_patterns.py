"""Channels of one-hub and done-hub offer patterns, and names below them with a price or target of their own."""

from pathlib import Path
from typing import Any

from pricing.gateways.reading.databases import sqlite_file
from pricing.gateways.reading.gateway import Gateway
from pricing.gateways.reading.reader import read_gateway
from tests.pricing.gateways.databases import channel, group, price, sqlite_gateway


def read(folder: Path, program: str = "one-hub", **rows: Any) -> Gateway:
    with sqlite_file(sqlite_gateway(folder, program, **rows)) as tables:
        return read_gateway(tables)


def test_names_of_a_pattern_are_offered_if_they_have_a_price_of_their_own(tmp_path: Path) -> None:
    rows: dict[str, Any] = {
        "channels": [
            channel(1, "x-*,other", group="default,vip", model_mapping='{"x-mapped": "real", "y": "z"}'),
            channel(2, "x-exact", group="default,vip"),
        ],
        "prices": [price(name, 1, 1) for name in ("x-*", "x-1", "x-big-*", "x-exact", "other", "y-1")],
        "user_groups": [group(1, "default"), group(2, "vip")],
    }

    one_hub, done_hub = read(tmp_path, "one-hub", **rows), read(tmp_path, "done-hub", **rows)

    assert one_hub.channels[0].models == ("x-*", "other", "x-1", "x-big-*", "x-mapped")
    assert one_hub.channels[0].billed_names == {"x-mapped": "real"}
    # done-hub charges such a call under the pattern.
    assert done_hub.channels[0].models == ("x-*", "other")


def test_done_hub_charges_the_called_name_if_the_target_of_its_pattern_says_so(tmp_path: Path) -> None:
    gateway = read(
        tmp_path,
        "done-hub",
        channels=[channel(1, "x-*,y-*", model_mapping='{"x-*": "+up", "y-*": "y-up"}')],
        prices=[price("x-1", 1, 1), price("y-1", 1, 1)],
    )

    assert gateway.channels[0].models == ("x-*", "y-*", "x-1")
    assert gateway.channels[0].upstream_names == {"x-*": "up", "x-1": "up", "y-*": "y-up"}
    assert gateway.channels[0].billed_names == {"y-*": "y-up"}


def test_an_exact_name_of_another_group_leaves_the_pattern_to_the_rest(tmp_path: Path) -> None:
    gateway = read(
        tmp_path,
        channels=[channel(1, "x-*", group="default,vip"), channel(2, "x-1", group="vip")],
        prices=[price("x-1", 1, 1)],
    )

    assert gateway.channels[0].models == ("x-*", "x-1")


def test_a_name_of_another_channel_is_offered_where_it_fits_a_pattern(tmp_path: Path) -> None:
    rows: dict[str, Any] = {
        "channels": [
            channel(1, "x-*", group="default,vip", model_mapping='{"x-*": "up"}'),
            channel(2, "x-1,x-big-*,y", group="vip"),
        ]
    }

    one_hub, done_hub = read(tmp_path, "one-hub", **rows), read(tmp_path, "done-hub", **rows)

    assert one_hub.channels[0].models == done_hub.channels[0].models == ("x-*", "x-1")
    # done-hub calls and charges it as the pattern.
    assert (one_hub.channels[0].billed_names, done_hub.channels[0].billed_names) == (
        {"x-*": "up"},
        {"x-*": "up", "x-1": "up"},
    )
    assert read(tmp_path, "done-hub", channels=[channel(1, "x-*"), channel(2, "x-1", group="b")]).channels[
        0
    ].billed_names == {"x-1": "x-*"}
