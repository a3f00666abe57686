"""A call is charged in the group that the key had when the call was made, not when it is reported."""

import datetime as dt
from typing import Any

import pytest

from pricing.usage.past_groups import PastGroups
from tests import world
from tokens.auth.authentication import scopes_of
from tokens.models import Token

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def hours(number: int) -> dt.datetime:
    return NOON + dt.timedelta(hours=number)


def test_the_groups_are_those_of_the_moment(time_machine: Any) -> None:
    for slug in ("default", "vip", "a-group"):
        world.token_group(slug)
    automatic = world.token_group("automatic", auto_position=1)
    default, vip, other = (world.token_group(slug) for slug in ("default", "vip", "a-group"))
    time_machine.move_to(NOON, tick=False)
    token, _ = world.token("vip", "a-group")
    time_machine.move_to(hours(1), tick=False)
    token.groups.set([default, vip])
    time_machine.move_to(hours(2), tick=False)
    Token.objects.filter(pk=token.pk).set_enabled(False)
    time_machine.move_to(hours(3), tick=False)
    token.first_group = vip
    token.uses_auto_groups = True
    token.save()
    time_machine.move_to(hours(4), tick=False)
    token.groups.set([default])

    past = PastGroups.read([token.pk], since=NOON)
    expected = {
        0: (other.pk, vip.pk),
        1: (default.pk, vip.pk),
        2: (default.pk, vip.pk),
        3: (vip.pk, default.pk, automatic.pk),
        4: (default.pk, automatic.pk),
    }
    assert {hour: past.at(token.pk, hours(hour)) for hour in expected} == expected
    now = dict(scopes_of(Token.objects.all()))[token.pk].groups
    assert past.at(token.pk, hours(9)) == now == expected[4]
    assert past.at(token.pk, hours(-9)) == now
    assert PastGroups.read([token.pk], since=hours(4)).at(token.pk, hours(5)) == now
    assert PastGroups.read([], since=NOON).at(token.pk, NOON) == ()


def test_a_history_row_of_a_bulk_change_has_the_groups() -> None:
    token, _ = world.token("vip")
    Token.objects.filter(pk=token.pk).set_enabled(False)
    newest = Token.history.filter(id=token.pk).latest("history_id")
    assert [row.tokengroup.slug for row in newest.groups.all()] == ["vip"]
