"""The health checks find nothing in a correct catalog; the command and the page show what they find."""

import io
import json

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from pricing.curation.health_checks import rules_for
from tests import world as cast
from tests.pricing.curation.checks.found import correct_model, run_all
from tokens.models import OperatorGroups

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _correct() -> None:
    correct_model()
    cast.token()


def test_a_correct_catalog_has_no_findings() -> None:
    assert run_all() == {}


def test_the_command_exits_with_1_when_something_is_found() -> None:
    cast.model("bare")
    out = io.StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("check_catalog", stdout=out)

    assert end.value.code == 1
    assert "bare: it has no current list or sell price" in out.getvalue()


def test_a_rule_can_be_ignored() -> None:
    cast.model("bare")
    out = io.StringIO()

    call_command("check_catalog", "--ignore", "no-price", stdout=out)

    assert "no findings" in out.getvalue()


def test_json_has_every_finding() -> None:
    for number in range(12):
        cast.model(f"bare-{number:02}")
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("check_catalog", "--only", "no-price", "--format", "json", stdout=out)

    [result] = json.loads(out.getvalue())
    assert result["rule"] == "no-price"
    assert len(result["findings"]) == 12
    assert result["findings"][0]["row"] == "bare-00"


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(CommandError, match="There is no rule 'no-prize'"):
        call_command("check_catalog", "--only", "no-prize")


def test_the_admins_page_links_to_each_row(admin_client: Client) -> None:
    model = cast.model("bare")

    page = admin_client.get("/admin/check/").content.decode()

    assert f'href="/admin/catalog/aimodel/{model.pk}/change/">bare</a>' in page
    assert "No other problems found" in page


def test_the_admins_page_checks_only_what_its_reader_may_view(client: Client) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_vendor"))
    client.force_login(reader)
    cast.model("bare")

    page = client.get("/admin/check/").content.decode()

    assert "bare" not in page
    assert "Vendors without a model" in page


def test_the_page_is_for_staff(client: Client) -> None:
    assert client.get("/admin/check/").status_code == 302


def test_an_operator_of_one_group_sees_no_findings_that_name_keys_of_others() -> None:
    operator = User.objects.create_user("bob", is_staff=True)
    operator.user_permissions.set(Permission.objects.filter(codename__in=["view_aimodel", "view_token"]))
    names = {rule.name for rule in rules_for(operator)}
    assert "widening-alias" in names

    OperatorGroups.objects.create(operator=operator).groups.add(cast.token_group("vip"))
    operator = User.objects.get(pk=operator.pk)

    assert names - {rule.name for rule in rules_for(operator)} == {"widening-alias"}
