"""The programs that exports are made for read them from a running server: every row, with our prices."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import Operator, Server
from tests.live.test_clients import PROGRAMS, client_folder, run
from tests.sizes import FULL

pytestmark = pytest.mark.django_db
IN_THE_FULL_RUN = pytest.mark.skipif(not FULL, reason="opencode runs in the full run")

MODELS = """
import datetime as dt
from catalog.models import ModelAlias
world.channel('readers', group='default')
over = [{'dim': 'prompt_tokens', 'op': 'gt', 'value': 200000}]
facts = dict(released_on=dt.date(2026, 9, 1), context_length=400000, max_output_tokens=64000, capabilities=['tools'],
             input_modalities=['text', 'image', 'pdf'], output_modalities=['text'])
sheet = world.price(world.model('readers-tiered', on='readers', **facts), input='1.25', output='10',
                    input__cache_read='0.125')
world.line(sheet, 'input', '2.5', conditions=over)
world.line(sheet, 'output', '15', conditions=over)
world.price(world.model('readers/embedder', on='readers', output_modalities=['embedding']), input='0.13')
world.line(world.price(world.model('readers-painter', on='readers')), 'request', '0.04', per=1, unit='request')
world.line(world.price(world.model('readers-auto', on='readers')), 'input', None, kind='dynamic')
world.model('readers-unpriced', on='readers')
world.price(world.model('=cmd|/C calc!A0', on='readers'), input='1', output='2')
world.price(world.model('@SUM(1+1)*readers', on='readers'), input='1', output='2')
ModelAlias.objects.create(name='readers-latest', model=AIModel.objects.get(name='readers-tiered'), listed=True)
ModelAlias.objects.create(name='readers-quiet', model=AIModel.objects.get(name='readers-tiered'))
partners = world.token_group('readers-partners')
partners.channels.add(world.channel('readers', group=None))
world.rate(partners, '0.5')
own = world.channel('readers-own', group='readers-partners')
world.price(world.model('readers-own', on=own), input='4', output='8')
result = world.key('readers-partners')
"""
# What a key of the group readers-partners sees beside that; visitors do not.
OWN = "readers-own"
# In lists, but in no spreadsheet.
ALIAS = "readers-latest"
ALL = {
    "readers-tiered", "readers/embedder", "readers-painter", "readers-auto", "readers-unpriced", "=cmd|/C calc!A0",
    "@SUM(1+1)*readers",
}  # fmt: skip


@pytest.fixture(scope="module")
def key(operator: Operator) -> str:
    """The key of a group that pays half, to which all models are added."""
    return str(operator.run(MODELS))


@pytest.fixture(scope="module")
def priced(server: Server, key: str) -> Server:
    return server


def node(reader: str, instructions: dict[str, Any]) -> dict[str, Any]:
    if not shutil.which("node"):
        pytest.skip("there is no Node on this machine")
    return run(["node", str(PROGRAMS / "exports.mjs"), reader], instructions, folder=client_folder("node"))


def test_openrouters_sdk_reads_every_row(priced: Server, key: str) -> None:
    path = str(client_folder("openrouter"))

    seen = run([sys.executable, str(PROGRAMS / "openrouter_list.py")], {"url": priced.url, "key": key}, PYTHONPATH=path)

    rows = seen["models"]
    assert rows.keys() >= ALL
    assert seen["all"]["total_count"] == len(rows)
    # Its pages end, whatever their length.
    assert seen["paged"] == [*rows]
    assert rows["readers-tiered"]["pricing"] == {
        "prompt": "0.00000125",
        "completion": "0.00001",
        "input_cache_read": "0.000000125",
        "overrides": [{"min_prompt_tokens": 200_001, "prompt": "0.0000025", "completion": "0.000015"}],
    }
    assert rows["readers-tiered"]["architecture"]["input_modalities"] == ["text", "image", "file"]
    assert rows["readers/embedder"]["pricing"] == {"prompt": "0.00000013", "completion": "0"}
    assert rows["readers-painter"]["pricing"] == {"prompt": "0", "completion": "0", "request": "0.04"}
    for name in ("readers-auto", "readers-unpriced"):
        assert rows[name]["pricing"] == {"prompt": "-1", "completion": "-1"}
    own = seen["own"]
    assert (OWN in rows, own.keys()) == (False, {*ALL, OWN, ALIAS})
    assert seen["of_user"] == [*own]
    assert own[ALIAS]["alias_target"] == {"name": "readers-tiered", "slug": "readers-tiered"}
    assert own["readers/embedder"]["pricing"] == {"prompt": "0.000000065", "completion": "0"}


def test_tokenlens_computes_our_prices_from_the_models_dev_list(priced: Server) -> None:
    cases = [("readers-tiered", 1000, 500), ("readers/embedder", 12_345, 0), ("readers-unpriced", 1, 1)]

    costs = node("tokenlens", {"url": priced.url, "cases": cases})["costs"]

    assert costs == [pytest.approx(0.00625), pytest.approx(12_345 * 0.13 / 1_000_000), None]


def opencodes_models(priced: Server, folder: Path, *, url: str, key: str) -> dict[str, Any]:
    """The models that opencode offers with a list at this address and this key for calls, by id."""
    program = client_folder("node-full") / "node_modules" / "opencode-linux-x64" / "bin" / "opencode"
    if not program.exists():
        pytest.skip("opencode is not built for this machine")
    variables = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))} | {
        "HOME": str(folder),
        "MODELBOOK_API_KEY": key,
        "OPENCODE_MODELS_URL": f"{priced.url}{url}",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
    }
    variables |= {f"XDG_{name}_HOME": str(folder / name) for name in ("CACHE", "CONFIG", "DATA", "STATE")}
    # A file, because opencode ends before a busy reader has taken what it writes to a pipe.
    listed = folder / "listed"
    with listed.open("w") as output:
        subprocess.run(
            [program, "models", "--pure", "--refresh", "--verbose", "modelbook"],
            cwd=folder, env=variables, stdout=output, timeout=120, check=True,
        )  # fmt: skip
    return dict(_objects(listed.read_text()))


@IN_THE_FULL_RUN
def test_opencode_offers_our_models_with_their_prices(priced: Server, tmp_path: Path) -> None:
    models = opencodes_models(priced, tmp_path, url="/api/export/models_dev", key="sk-unknown")

    assert models.keys() >= ALL
    assert OWN not in models
    tiered = models["readers-tiered"]
    assert tiered["api"] == {
        "id": "readers-tiered",
        "url": f"{priced.url}/v1",
        "npm": "@ai-sdk/openai-compatible",
    }
    assert (tiered["cost"]["input"], tiered["cost"]["output"], tiered["cost"]["cache"]["read"]) == (1.25, 10, 0.125)
    assert (tiered["limit"], tiered["capabilities"]["toolcall"]) == ({"context": 400_000, "output": 64_000}, True)
    assert models["readers/embedder"]["cost"]["input"] == 0.13


@IN_THE_FULL_RUN
def test_opencode_offers_the_models_of_a_key_at_its_prices(priced: Server, key: str, tmp_path: Path) -> None:
    # opencode appends /api.json to the address: to the fragment, which it does not send.
    models = opencodes_models(priced, tmp_path, url=f"/api/export/models_dev/api.json?key={key}#", key=key)

    assert models.keys() == {*ALL, OWN, ALIAS}
    assert (models[ALIAS]["api"]["id"], models[ALIAS]["cost"]["output"]) == (ALIAS, 5)
    assert (models[OWN]["cost"]["input"], models["readers/embedder"]["cost"]["input"]) == (2, 0.065)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and key.encode() in file.read_bytes()]


def _objects(listed: str) -> list[tuple[str, Any]]:
    """The objects that opencode prints between its lines, by the id of each."""
    decoder, documents, at = json.JSONDecoder(), [], listed.find("\n{")
    while at >= 0:
        model, end = decoder.raw_decode(listed, at + 1)
        documents.append((model["id"], model))
        at = listed.find("\n{", end)
    return documents


def test_a_spreadsheet_runs_no_cell_of_the_price_lines(priced: Server) -> None:
    seen = node("spreadsheet", {"url": priced.url})

    assert seen["formulas"] == []
    # What other spreadsheets take for a formula, this one does not.
    assert not [row for row in seen["rows"] for cell in row.values() if str(cell).startswith(("=", "+", "-", "@"))]
    names = {row["model"].removeprefix("'") for row in seen["rows"]}
    assert names >= ALL
    input_price = next(row for row in seen["rows"] if row["model"] == "readers-tiered" and row["meter"] == "input")
    assert Decimal(str(input_price["amount"])) == Decimal("1.25")


def test_pythons_csv_reads_every_figure(priced: Server) -> None:
    rows = list(csv.DictReader(io.StringIO(priced.get("/api/export/prices.csv").body.decode(), newline="")))

    long = {row["amount"]: row["condition"] for row in rows if row["model"] == "readers-tiered"}
    assert long == {"1.25": "", "10": "", "0.125": "", "2.5": "prompt_tokens>200000", "15": "prompt_tokens>200000"}
    assert not [row for row in rows if None in row or None in row.values()]


def test_the_reader_of_llms_txt_finds_every_model(priced: Server) -> None:
    path = str(client_folder("llms-txt"))

    seen = run([sys.executable, str(PROGRAMS / "llms_txt_links.py")], {"url": priced.url}, PYTHONPATH=path)

    assert seen["summary"]
    models = seen["sections"]["Models"]
    assert models.keys() >= ALL
    assert models["readers/embedder"][0] == f"{priced.url}/models/readers/embedder.md"
    assert "$0.13 in" in models["readers/embedder"][1]
    assert f"{priced.url}/api/export/litellm.json?complete=1" in {
        link for link, _ in seen["sections"]["Addresses"].values()
    }
