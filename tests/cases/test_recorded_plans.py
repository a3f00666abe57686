"""The plan for a recorded database names all that it does not carry over, and a rollback undoes its migration."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.exact import read_json
from catalog.models import AIModel, Channel, EndpointType, Offer, Vendor
from pricing.models import PriceSheet
from tests.cases import recorded
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db

TOOLS = ["web_search $10", "web_search_preview $10", "file_search $2.5", "image_generation $11 to $250"]
NEW_API: dict[str, Any] = {
    "prices": ["acme-offbook"],
    "tools": TOOLS,
    "vendors": ["Unused Vendor", "OpenAI", "Anthropic", "Google"],
    "options.ModelGridPricing": ["acme-grid"],
    "options.ModelQuotaType": ["acme-quota3", "acme-vid"],
    "options.GroupGroupRatio": ["vip → default"],
    "options": ["ExposeRatioEnabled"],
    "channels.channel_info": ["multi (5)"],
    "tokens.remain_quota": ["token 10"],
    "users.username": ["user 1", "user 2", "user 3", "user 4", "user 6", "user 7"],
    "users.quota": ["user 1"],
}
ALL_BUT_FRANK = [f"user {number}" for number in (1, 2, 3, 4, 6)]
VELOERA = {key: names for key, names in NEW_API.items() if key not in ("tools", "vendors", "channels.channel_info")}
EXPECTED: dict[str, dict[str, Any]] = {
    "new_api": NEW_API,
    "new_api_august": NEW_API
    | {
        "options.billing_setting_video.video_price_rules": ["acme-vid"],
        "users.username": [*ALL_BUT_FRANK, "user 7", "user 90"],
        "users.quota": [*ALL_BUT_FRANK, "user 90"],
    },
    "new_api_default": {
        "tools": TOOLS,
        "tokens.remain_quota": ["token 10"],
        "users.username": [*ALL_BUT_FRANK, "user 7"],
        "users.quota": ALL_BUT_FRANK,
    },
    "veloera": VELOERA
    | {
        # Veloera knows no prices for all compact models and all thinking budgets.
        "prices": ["*-openai-compact", "acme-offbook", "gemini-2.5-pro-thinking-*"],
        "users.quota": ALL_BUT_FRANK,
    },
    "one_api": {
        "tokens.remain_quota": ["token 15"],
        "users.username": [f"user {number}" for number in (1, 2, 3, 4, 5)],
        "users.quota": [f"user {number}" for number in (1, 2, 3, 4, 5)],
    },
}


def command(file: Path, **options: Any) -> Any:
    out = io.StringIO()
    try:
        call_command("import_gateway", sqlite=str(file), format="json", stdout=out, **options)
    except SystemExit as stop:
        assert stop.code == 2  # noqa: PT017
    return read_json(out.getvalue().encode())


@pytest.mark.parametrize("name", EXPECTED)
def test_the_plan_names_all_that_stays_behind(tmp_path: Path, name: str) -> None:
    report = command(recorded.database(name, tmp_path))

    left_out = {kind["subject"]: kind["names"] for kind in report["left_out"]}
    saved_prices = left_out.pop("prices", []) if name == "one_api" else []
    assert left_out == EXPECTED[name]
    assert len(saved_prices) == (561 if name == "one_api" else 0)


def test_a_rollback_undoes_the_whole_migration(tmp_path: Path) -> None:
    def counts() -> dict[str, int]:
        tables = (AIModel, Channel, EndpointType, Offer, Token, TokenGroup, Vendor)
        return {table.__name__: table._default_manager.count() for table in tables}

    before = counts()
    run = command(recorded.database("new_api", tmp_path), apply=True)["run"]
    out = io.StringIO()
    call_command("rollback_import", str(run), format="json", stdout=out)

    assert read_json(out.getvalue().encode())["stays"] == []
    assert counts() == before
    assert not PriceSheet.objects.filter(ends_at=None).exists()
