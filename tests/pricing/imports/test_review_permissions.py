"""An operator applies what they may: prices wait for somebody who may set prices, other rows are refused."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from catalog.error_messages import InputError
from catalog.models import AIModel, Channel, ImportRun, ModelAlias
from pricing.imports.options import Options
from pricing.imports.review import apply_run, forbidden_actions, plan_of, save_plan
from pricing.imports.rollback import roll_back
from pricing.models import GroupRate, PriceSheet
from tokens.models import OperatorGroups, TokenGroup

pytestmark = pytest.mark.django_db

ROW = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": 1000, "input_cost_per_token": 2e-06}
FACTS = ("add_aimodel", "change_aimodel", "add_vendor", "add_endpointtype")
YAML = b"""format: modelbook/1
vendors:
- {slug: openai, name: OpenAI}
groups:
- {slug: vip, label: VIP, rate: '0.5'}
models:
- {name: gpt-9, vendor: openai}
"""


def operator(*codes: str) -> User:
    user = User.objects.create_user(f"user {User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["change_importrun", *codes]))
    return user


def waiting(source: str = "litellm", content: bytes | None = None, **options: Any) -> ImportRun:
    document = content or json.dumps({"gpt-0": ROW, "gpt-1": ROW}).encode()
    _, run = save_plan(document, Options.from_json({"source": source, **options}, name=source), at=timezone.now())
    assert run is not None
    return run


def apply(run: ImportRun, actor: User, **choices: Any) -> ImportRun | None:
    now = timezone.now()
    return apply_run(run, at=now, seen=plan_of(run, at=now).fingerprint, actor=actor, **choices)[1]


def test_models_are_applied_and_prices_wait_for_somebody_who_may_set_them() -> None:
    rest = apply(waiting(), operator(*FACTS))

    assert (AIModel.objects.count(), PriceSheet.objects.count()) == (2, 0)
    assert rest is not None
    assert rest.is_waiting
    assert apply(rest, operator("add_pricesheet")) is None
    assert PriceSheet.objects.count() == 2


def test_a_selected_model_is_applied_without_its_price() -> None:
    rest = apply(waiting(), operator(*FACTS), chosen=["gpt-1"], accepted_jumps=["gpt-1"])

    assert ([model.name for model in AIModel.objects.all()], PriceSheet.objects.count()) == (["gpt-1"], 0)
    assert rest is not None
    assert plan_of(rest, at=timezone.now()).touched == ["gpt-0", "gpt-1"]


def test_a_plan_of_prices_alone_is_refused() -> None:
    run = waiting()
    apply(run, operator(*FACTS))

    with pytest.raises(InputError, match=r"You do not have permission to set prices\. The plan waits"):
        apply(ImportRun.objects.waiting().get(), operator(*FACTS))
    assert not PriceSheet.objects.exists()


def test_a_plan_that_writes_another_table_is_refused() -> None:
    run = waiting(channel="upstream")
    actor = operator(*FACTS, "add_pricesheet")

    assert forbidden_actions(plan_of(run, at=timezone.now()), actor) == ["add channels", "add offers", "change groups"]
    with pytest.raises(InputError, match="You do not have permission to add channels, add offers, change groups"):
        apply(run, actor)
    assert not Channel.objects.exists()
    assert not AIModel.objects.exists()


def test_a_group_requires_the_permission_for_groups_and_a_rate_that_for_prices() -> None:
    run = waiting("yaml", YAML)
    plan = plan_of(run, at=timezone.now())

    assert plan.sets_prices
    assert "add groups" in forbidden_actions(plan, operator(*FACTS))
    rest = apply(run, operator(*FACTS, "add_tokengroup"))
    assert TokenGroup.objects.filter(slug="vip").exists()
    assert not GroupRate.objects.exists()
    assert rest is not None
    apply(rest, operator("add_pricesheet"), beside=True)
    assert GroupRate.objects.get().group.slug == "vip"


def test_a_command_and_a_superuser_apply_everything() -> None:
    assert apply(waiting(), User.objects.create_superuser("root")) is None
    assert PriceSheet.objects.count() == 2


def test_a_rollback_of_prices_requires_the_permission_to_set_prices() -> None:
    run = waiting()
    apply(run, User.objects.create_superuser("root"))
    run.refresh_from_db()

    with pytest.raises(InputError, match="You do not have permission to roll back price sheets"):
        roll_back(run, at=timezone.now(), actor=operator(*FACTS))
    run.refresh_from_db()
    assert run.status == ImportRun.Status.APPLIED
    roll_back(run, at=timezone.now(), actor=operator(*FACTS, "add_pricesheet", "change_vendor", "change_endpointtype"))
    assert not ModelAlias.objects.exists()


def test_who_is_responsible_for_some_groups_changes_no_others() -> None:
    codes = ("add_pricesheet", "add_tokengroup", "change_tokengroup", "change_grouprate", "change_modelrelease")
    bob = operator(*FACTS, *codes)
    vip, other = (TokenGroup.objects.create(slug=slug, label=slug) for slug in ("vip", "other"))
    OperatorGroups.objects.create(operator=bob).groups.add(vip)
    bob = User.objects.get(pk=bob.pk)
    for change in ("label: New", "rate: '0.1'"):
        mine = waiting("yaml", f"format: modelbook/1\ngroups:\n- {{slug: vip, {change}}}\n".encode())
        assert apply(mine, bob) is None
        run = waiting("yaml", f"format: modelbook/1\ngroups:\n- {{slug: other, {change}}}\n".encode())
        with pytest.raises(InputError, match="You do not have permission to change groups of others"):
            apply(run, bob)
    apply(run, User.objects.create_superuser("alice"))
    run.refresh_from_db()
    with pytest.raises(InputError, match="You do not have permission to change all group rates"):
        roll_back(run, at=timezone.now(), actor=bob, accept_loss=True)
    assert GroupRate.objects.in_force(at=timezone.now()).filter(group=other).exists()
