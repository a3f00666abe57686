"""`python -m tests.releases.make`: writes the database of the version in pyproject.toml, populated, to a file here."""

import datetime as dt
import os
import sys
import tempfile
import tomllib
from decimal import Decimal
from pathlib import Path

import time_machine

from tests.releases import HERE, KEY

ROOT = HERE.parents[1]
MOMENT = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
TIER = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]


def populate() -> None:
    """A row of every table, a model with past, current and announced prices, an import, and a history."""
    from django.core.management import call_command
    from django.utils import timezone

    from catalog.models import AIModel, FieldPin, ModelAlias
    from tests import admin_world, world
    from tokens.models import Token

    model = admin_world.one_of_everything()["catalog.aimodel"]
    ModelAlias.objects.create(name="gpt-latest", model=model)
    FieldPin.objects.create(model=model, field="description", reason="ours is better")
    model.description = "Written by hand; with \N{SNOWMAN} and 模型"
    model.default_parameters = {"temperature": Decimal("0.5")}
    model.save()
    future = world.price(model, input="1.9", output="8", starts_at=MOMENT + dt.timedelta(days=3650))
    world.line(future, "input", "3.000000000000000000000012", conditions=TIER)
    world.model("gone").delete()
    vip = world.token_group("vip", is_public=False, rate_limit="60/minute")
    vip.channels.add(world.channel("far", group=None, base_url="https://far.example.com"))
    Token.objects.take_over("Acme", plaintext=KEY, groups=[world.token_group(), vip], allow=["*"], note="moved")
    rotated, _ = world.token(name="rotated")
    rotated.rotate(grace=dt.timedelta(days=7), at=timezone.now())
    sample = HERE.parent / "samples" / "litellm.json"
    call_command("import_catalog", "litellm", file=str(sample), channel="main", publish=True, apply=True)
    AIModel.objects.filter(name="claude-sample-5").update(series="sample")


def main() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": f"sqlite:///{folder}/modelbook.sqlite3",
        }
        import django

        django.setup()
        from tests.releases import rows

        rows.migrate(rows.newest())
        with time_machine.travel(MOMENT):
            populate()
        file = Path(HERE / f"{version}.json")
        file.write_bytes(rows.dump(rows.newest()))
    sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
