"""Large changes of prices are accepted for all models or for some; the others are held back."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.error_messages import InputError
from catalog.models import AIModel, ImportRun
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import apply_run, plan_of, save_plan
from pricing.models import PriceSheet
from tests.pricing.imports.running import run, state

pytestmark = pytest.mark.django_db
LITELLM = Options(source=SOURCES["litellm"])


def document(*jumping: str, context: int = 1000) -> str:
    row = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": context, "input_cost_per_token": 2e-06}
    return json.dumps(
        {n: row | ({"input_cost_per_token": 9e-05} if n in jumping else {}) for n in ("gpt-a", "gpt-b", "gpt-c")}
    )


@pytest.fixture(autouse=True)
def imported(db: None, tmp_path: Path) -> None:
    assert run("litellm", document(), tmp_path, "--apply").code == 0


def repriced() -> set[str]:
    return set(PriceSheet.objects.filter(lines__amount="0.00009").values_list("model__name", flat=True))


def waiting(content: str) -> ImportRun:
    waiting_run = save_plan(content.encode(), LITELLM, at=timezone.now())[1]
    assert waiting_run is not None
    return waiting_run


def test_jumps_of_other_models_are_held_back(tmp_path: Path) -> None:
    text = document("gpt-a", "gpt-b", context=2000)
    outcome = run("litellm", text, tmp_path, "--apply", "--accept-jumps", "gpt-a")
    assert outcome.code == 3
    assert outcome.report["guards"][0].endswith("repeat with --accept-jumps gpt-b.")
    assert repriced() == {"gpt-a"}
    contexts = dict(AIModel.objects.values_list("name", "context_length"))
    assert contexts == {"gpt-a": 2000, "gpt-b": 1000, "gpt-c": 2000}
    assert run("litellm", text, tmp_path, "--apply", "--accept-jumps", "gpt-b").code == 0
    assert repriced() == {"gpt-a", "gpt-b"}


@pytest.mark.parametrize("patterns", [["gpt-*"], ["gpt-a", "gpt-b"], []])
def test_patterns_accept_the_jumps_of_models_that_match(tmp_path: Path, patterns: list[str]) -> None:
    outcome = run("litellm", document("gpt-a", "gpt-b"), tmp_path, "--apply", "--accept-jumps", *patterns)
    assert (outcome.code, repriced()) == (0, {"gpt-a", "gpt-b"})
    assert ImportRun.objects.latest("pk").options["accept_jumps"] == (patterns or True)


def test_without_the_option_nothing_is_applied(tmp_path: Path) -> None:
    before = state()
    assert run("litellm", document("gpt-a", context=2000), tmp_path, "--apply").code == 3
    assert state() == before


def test_if_no_jump_matches_only_the_rest_is_applied(tmp_path: Path) -> None:
    before = state()
    outcome = run("litellm", document("gpt-a"), tmp_path, "--apply", "--accept-jumps", "claude-*")
    assert (outcome.code, state()) == (3, before)


def test_a_pattern_that_accepts_nothing_is_reported(tmp_path: Path) -> None:
    outcome = run("litellm", document("gpt-a"), tmp_path, "--accept-jumps", "gpt5", "gpt-b", "gpt-a")
    reported = [finding["finding"] for finding in outcome.report["findings"]]
    assert [text for text in reported if "accept-jumps" in text] == [
        "--accept-jumps gpt5 accepts nothing: no price of such a model moves far",
        "--accept-jumps gpt-b accepts nothing: no price of such a model moves far",
    ]


def test_the_command_says_what_is_held_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "document.json"
    path.write_text(document("gpt-a", "gpt-b"))
    with pytest.raises(SystemExit):
        call_command("import_catalog", "litellm", "--file", str(path), "--apply", "--accept-jumps", "gpt-a")
    text = capsys.readouterr().out
    assert "without the models that are held back:" in text
    assert "If this is correct, repeat with --accept-jumps gpt-b." in text


def test_an_id_with_the_letters_of_patterns_names_itself() -> None:
    assert Options(source=SOURCES["litellm"], accept_jumps=("gpt[1]",)).accepts_jump("gpt[1]")


def test_a_review_accepts_jumps_one_by_one() -> None:
    reviewed = waiting(document("gpt-a", "gpt-b", context=2000))
    seen = plan_of(reviewed, at=timezone.now()).fingerprint
    _, rest = apply_run(reviewed, at=timezone.now(), seen=seen, accepted_jumps=["gpt-a"])
    assert repriced() == {"gpt-a"}
    assert AIModel.objects.get(name="gpt-c").context_length == 2000
    assert rest is not None
    assert (rest.status, rest.counts) == ("stopped", {"left": 1})
    assert list(plan_of(rest, at=timezone.now()).jumps) == ["gpt-b"]


def test_a_review_that_accepts_no_jump_applies_the_rest() -> None:
    reviewed = waiting(document("gpt-a", context=2000))
    seen = plan_of(reviewed, at=timezone.now()).fingerprint
    _, rest = apply_run(reviewed, at=timezone.now(), seen=seen)
    assert (repriced(), AIModel.objects.get(name="gpt-c").context_length) == (set(), 2000)
    assert rest is not None


def test_a_review_with_nothing_else_asks_to_confirm() -> None:
    reviewed = waiting(document("gpt-a"))
    seen = plan_of(reviewed, at=timezone.now()).fingerprint
    with pytest.raises(InputError, match="Confirm it"):
        apply_run(reviewed, at=timezone.now(), seen=seen)


def test_applying_a_part_does_not_confirm_the_loss_of_models() -> None:
    small = json.dumps({"gpt-a": json.loads(document(context=2000))["gpt-a"]})
    reviewed = waiting(small)
    seen = plan_of(reviewed, at=timezone.now()).fingerprint
    with pytest.raises(InputError, match="no longer in the source"):
        apply_run(reviewed, at=timezone.now(), seen=seen)
    apply_run(reviewed, at=timezone.now(), seen=seen, chosen=["gpt-a"])
    again = waiting(json.dumps({"gpt-a": json.loads(document(context=3000))["gpt-a"]}))
    assert again.status == "stopped"


def test_a_confirmed_loss_is_recorded_even_if_nothing_else_changes(tmp_path: Path) -> None:
    small = json.dumps({"gpt-a": json.loads(document())["gpt-a"]})
    reviewed = waiting(small)
    seen = plan_of(reviewed, at=timezone.now()).fingerprint
    apply_run(reviewed, at=timezone.now(), seen=seen, accepted=["allow_removals"])
    assert run("litellm", small, tmp_path, "--apply").code == 0
