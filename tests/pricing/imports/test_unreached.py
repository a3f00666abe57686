"""An import says which models it publishes or offers although no group reaches them."""

from pathlib import Path

import pytest
from django.utils import timezone

from catalog.models import AIModel, Channel, Offer
from tests import world
from tests.pricing.imports.running import run
from tokens.access.visibility import UNREACHED, unreached

pytestmark = pytest.mark.django_db

HEAD = "format: modelbook/1\n"
OFFERED = "offers: [{model: solar, enabled: true}]"
MODEL = "models:\n- {name: solar, status: published}\n"
VIP = "groups:\n- {slug: vip, label: VIP, channels: [east]}\n"


def channel(offers: str = OFFERED, *, enabled: str = "true") -> str:
    return f"channels:\n- {{slug: east, name: East, enabled: {enabled}, {offers}}}\n"


CASES = {
    "no offer": (MODEL, True),
    "a channel without a group": (channel() + MODEL, True),
    "a group without the offer": (VIP + channel("offers: []") + MODEL, True),
    "a disabled channel": (VIP + channel(enabled="false") + MODEL, True),
    "a disabled offer": (VIP + channel(OFFERED.replace("true", "false")) + MODEL, True),
    "all of it": (VIP + channel() + MODEL, False),
    "a draft": (channel() + "models:\n- {name: solar, status: draft}\n", False),
    "a retired model": (channel() + "models:\n- {name: solar, status: published, retires_on: 2020-01-01}\n", False),
}


@pytest.mark.parametrize("stored", [False, True], ids=["new", "stored"])
@pytest.mark.parametrize(("text", "is_hidden"), CASES.values(), ids=CASES)
def test_a_yaml_file(text: str, is_hidden: bool, stored: bool, tmp_path: Path) -> None:
    if stored:
        world.model("solar", status="draft", on=None)

    outcome = run("yaml", HEAD + text, tmp_path, "--apply")

    assert (f"solar: {UNREACHED}" in outcome.findings()) is is_hidden
    # The resolver has the same answer afterwards.
    assert unreached(AIModel.objects.all(), on=timezone.now().date()).exists() is is_hidden


def test_a_file_that_only_adds_an_offer(tmp_path: Path) -> None:
    world.model("solar", on=None)
    text = HEAD + channel() + "models:\n- {name: solar}\n"
    assert f"solar: {UNREACHED}" in run("yaml", text, tmp_path, "--apply").findings()
    # It says nothing of what stays as it is.
    assert UNREACHED not in run("yaml", text, tmp_path).findings()
    assert UNREACHED not in run("yaml", text + VIP, tmp_path, "--apply").findings()


def test_published_models_of_a_source(tmp_path: Path) -> None:
    names = ("solar", "lunar")
    text = "model,currency,meter,amount,per,unit\n" + "".join(f"{name},USD,input,1,1000000,token\n" for name in names)
    assert UNREACHED not in run("csv", text, tmp_path).findings()
    assert f"solar, lunar: {UNREACHED}" in run("csv", text, tmp_path, "--publish").findings()
    # A new channel joins group default.
    assert UNREACHED not in run("csv", text, tmp_path, "--publish", "--channel", "west").findings()
    Channel.objects.create(slug="west", name="West")
    assert f"solar, lunar: {UNREACHED}" in run("csv", text, tmp_path, "--publish", "--channel", "west").findings()
    world.token_group("vip")
    outcome = run("csv", text, tmp_path, "--publish", "--channel", "west", "--group", "vip", "--apply")
    assert UNREACHED not in outcome.findings()
    assert Offer.objects.count() == len(names)
