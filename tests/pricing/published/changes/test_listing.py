"""Changes of models are what brute force over every moment says: who could see what, and since when."""

import datetime as dt
import random
from typing import Any

import pytest
import time_machine

from catalog.models import AIModel, Offer
from pricing.published.changes.listing import KINDS, Change, changes
from tests import world
from tests.sizes import size
from tokens.access.visibility import PriceListing, public_scope
from tokens.auth.authentication import scopes_of
from tokens.models import ModelRelease, Token
from tokens.scope import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
START = dt.datetime(2026, 11, 1, 1, tzinfo=dt.UTC)
STEP, STEPS = dt.timedelta(hours=7), 24
NAMES = ("a", "b", "c", "d")


class Story:
    """Random edits, and what each reader could see at every moment."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        for slug, group in (("main", "default"), ("side", "vip")):
            world.channel(slug, group=group)
        world.token("vip", "default", name="vip", deny=["d"])
        self.scopes: list[Scope] = [public_scope(), *(scope for _, scope in scopes_of(Token.objects.all()))]
        self.first_seen: dict[tuple[int, str], dt.datetime] = {}
        # Name -> since when the value is that of now.
        self.dated: dict[str, dt.datetime] = {}
        self.named: dict[str, dt.datetime] = {}

    def edit(self, now: dt.datetime) -> None:
        dice, name = self.dice, self.dice.choice(NAMES)
        model = AIModel.objects.filter(name=name).first()
        if model is None:
            world.model(name, on=dice.choice([None, "main", "side"]), status=dice.choice(["draft", "published"]))
            return
        channel = world.channel(dice.choice(["main", "side"]), group=None)
        match dice.randrange(6):
            case 0:
                model.status = "published"
            case 1:
                Offer.objects.get_or_create(model=model, channel=channel)
            case 2:
                day = dice.choice([None, now.date() + dt.timedelta(dice.randrange(1, 6))])
                if day != model.retires_on:
                    model.retires_on, self.dated[name] = day, now
            case 3:
                successor = dice.choice([None, *AIModel.objects.exclude(name=name).order_by("pk")])
                if successor != model.successor:
                    model.successor, self.named[name] = successor, now
            case 4 if not any(seen == name for _, seen in self.first_seen):
                model.starts_at = now + STEP * dice.choice([0.5, 1.5])
            case 5 if not any(seen == name for _, seen in self.first_seen):
                group = world.token_group(dice.choice(["default", "vip"]))
                starts_at = now + STEP * dice.choice([0.5, 1.5])
                ModelRelease.objects.update_or_create(model=model, group=group, defaults={"starts_at": starts_at})
        model.save()

    def look(self, moment: dt.datetime) -> None:
        for place, scope in enumerate(self.scopes):
            for model in PriceListing(scope, moment).models():
                self.first_seen.setdefault((place, model.name), moment)

    def expected(self, place: int, now: dt.datetime) -> set[tuple[Any, ...]]:
        found: set[tuple[Any, ...]] = set()
        seen = {name: moment for (whose, name), moment in self.first_seen.items() if whose == place}
        current = {model.name for model in PriceListing(self.scopes[place], now).models()}
        for model in AIModel.objects.filter(name__in=seen).select_related("successor"):
            # Created later than it could be seen is not possible, so a date or successor of the start is not later.
            first = seen[model.name]
            found.add((model.name, "new", first, first, ""))
            if model.retires_at and (told := max(first, self.dated[model.name])) < model.retires_at:
                found.add((model.name, "retiring", model.retires_at, told, ""))
            if model.successor and model.successor.name in current:
                told = max(first, self.named[model.name], seen[model.successor.name])
                found.add((model.name, "successor", told, told, model.successor.name))
        return found


def read(change: Change) -> tuple[Any, ...]:
    return change.model, change.kind, change.at, change.reported_at, change.successor


@pytest.mark.parametrize("seed", range(size(6, full=200)))
def test_changes_are_those_of_every_moment(seed: int) -> None:
    story = Story(random.Random(seed))  # noqa: S311
    for step in range(STEPS):
        now = START + step * STEP
        with time_machine.travel(now, tick=False):
            story.edit(now)
        story.look(now)
        # Midnights and starts are between two edits.
        story.look(now + STEP / 2)
    now = START + STEPS * STEP
    kinds = [kind for kind in KINDS if kind not in ("price", "retired")]
    for place, scope in enumerate(story.scopes):
        expected = story.expected(place, now)
        for since in (START - STEP, *(START + STEP * story.dice.randrange(STEPS) for _ in range(5))):
            models = PriceListing(scope, now, day=since.date()).models()
            names = {model.name for model in models}
            found = [read(change) for change in changes(models, since=since, at=now, scope=scope, kinds=kinds)]
            assert len(found) == len(set(found))
            assert set(found) == {row for row in expected if row[3] > since and row[0] in names}, (place, since)
