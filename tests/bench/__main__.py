"""`python -m tests.bench`: the tables that README quotes, in Markdown. Takes some minutes and needs an idle machine."""

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.bench.inside import KEYS
from tests.bench.litellm import KEY, installed, litellm_proxy
from tests.bench.load import Speed, load
from tests.live.deployment import Answer, environment_of, serving
from tests.postgres import throwaway_postgres

MODELS = (600, 10_000, 100_000)
TOKENS = (1_000, 100_000, 1_000_000)
IMPORTED = 5_000


def main(arguments: argparse.Namespace) -> None:
    say(f"Measured on {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {sys.version.split()[0]}.")
    for name, database in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        if arguments.only and name.lower() != arguments.only:
            continue
        with database() as url, tempfile.TemporaryDirectory() as folder:
            run("manage.py", "migrate", "-v0", url=url)
            key = run("-m", "tests.bench.filling", MODELS[0], TOKENS[0], url=url)
            serving_table(name, url, key, Path(folder), arguments)
            if not arguments.no_growth:
                growth_table(name, url, quick=arguments.quick)
        with database() as url:
            run("manage.py", "migrate", "-v0", url=url)
            import_table(name, url, rows=arguments.imported)


def serving_table(name: str, url: str, key: str, folder: Path, arguments: argparse.Namespace) -> None:
    """Every target in turn, round after round: what the machine does beside hits all of them."""
    sent = {"Authorization": f"Bearer {key}"}
    with ExitStack() as stack:
        ours = stack.enter_context(serving(url, folder))
        django = stack.enter_context(serving(url, folder, application="config.wsgi:django_application"))
        answer = ours.get("/v1/models", key=key)
        unchanged = sent | {"If-None-Match": answer.headers["etag"]}
        write(folder, answer, ours.get("/v1/models", **{name.lower(): value for name, value in unchanged.items()}))
        bare = stack.enter_context(serving(url, folder, application="tests.bench.bare", BENCH_ANSWERS=str(folder)))
        targets = {
            "bare application, the same answer": (bare.port, bare.pid, sent, 200),
            "Modelbook, 200": (ours.port, ours.pid, sent, 200),
            "bare application, 304": (bare.port, bare.pid, unchanged, 304),
            "Modelbook, 304": (ours.port, ours.pid, unchanged, 304),
            "Modelbook without its fast path, 200": (django.port, django.pid, sent, 200),
        }
        if arguments.litellm_venv:
            proxy = litellm_proxy(arguments.litellm_venv.resolve(), folder, models=MODELS[0])
            port, pid, version = stack.enter_context(proxy)
            targets[f"LiteLLM's proxy {version}"] = (port, pid, {"Authorization": f"Bearer {KEY}"}, 200)

        def measure_all(seconds: float) -> dict[str, Speed]:
            return {
                target: load(port, pid, seconds=seconds, headers=headers, status=status)
                for target, (port, pid, headers, status) in targets.items()
            }

        measure_all(1)
        rounds = [measure_all(arguments.seconds) for _ in range(arguments.rounds)]
        page = json.loads(run("-m", "tests.bench.page", f"{ours.url}/", url=url))
    say(f"\n{name}, {MODELS[0]} models, {len(answer.body) // 1024} KB, gunicorn gthread 2 x 4:\n")
    say("| target | requests a second | of bare | CPU µs a request | CPU of bare |\n|---|---|---|---|---|")
    for target in targets:
        limit = "bare application, 304" if target.endswith("304") else "bare application, the same answer"
        say(_row(target, [(one[target], one[limit]) for one in rounds]))
    if page:
        say("\nThe catalog page in a browser, median of 20 loads:\n")
        say("| DOM ready, ms | the first one, ms | KB, gzip |\n|---|---|---|")
        say(f"| {page['ready_ms']} | {page['first_ms']} | {page['bytes'] / 1024:.0f} |")


def write(folder: Path, answer: Answer, unchanged: Answer) -> None:
    """For the bare application: the body, and the headers that gunicorn does not add by itself."""
    (folder / "body").write_bytes(answer.body)
    for name, one in (("200", answer), ("304", unchanged)):
        own = [pair for pair in one.headers.items() if pair[0].lower() not in {"server", "date", "connection"}]
        (folder / name).write_text(json.dumps(own))


def growth_table(name: str, url: str, *, quick: bool) -> None:
    say(f"\n{name}, inside one process, as it grows (its own processor time):\n")
    in_turn = " | ".join(f"{count:,} in turn" for count in KEYS[1:])
    say(f"| models | tokens | warm list of 1 key, µs | {in_turn} | only Django, µs | cold list, ms | KB, gzip |")
    say("|---|---|---|---|---|---|---|---|")
    steps = [(models, TOKENS[0]) for models in MODELS[: 2 if quick else 3]]
    steps += [(steps[-1][0], tokens) for tokens in TOKENS[1 : 2 if quick else 3]]
    for models, tokens in steps:
        key = run("-m", "tests.bench.filling", models, tokens, url=url)
        costs: dict[str, Any] = json.loads(run("-m", "tests.bench.inside", key, url=url).splitlines()[-1])
        fast_path = " | ".join(
            "" if costs["fastpath_us"][str(count)] is None else str(costs["fastpath_us"][str(count)]) for count in KEYS
        )
        say(
            f"| {models:,} | {tokens:,} | {fast_path} | {costs['django_us']} | {costs['cold_ms']} "
            f"| {costs['gzipped_bytes'] // 1024} |"
        )


def import_table(name: str, url: str, *, rows: int) -> None:
    costs: dict[str, float] = json.loads(run("-m", "tests.bench.importing", rows, url=url).splitlines()[-1])
    say(f"\n{name}, an import of {rows:,} rows of LiteLLM's shape, seconds:\n")
    say("| all new | the same again | all changed |\n|---|---|---|")
    say(f"| {costs['new']} | {costs['again']} | {costs['changed']} |")


def _row(target: str, pairs: list[tuple[Speed, Speed]]) -> str:
    per_second = statistics.median(speed.per_second for speed, _ in pairs)
    of_bare = statistics.median(speed.per_second / limit.per_second for speed, limit in pairs)
    cpu = statistics.median(speed.cpu_us for speed, _ in pairs)
    cpu_of_bare = statistics.median(limit.cpu_us / speed.cpu_us for speed, limit in pairs)
    return f"| {target} | {per_second:,.0f} | {of_bare:.3g} | {cpu:,.0f} | {cpu_of_bare:.3g} |"


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/bench.sqlite3"


postgres = throwaway_postgres


def run(*arguments: object, url: str) -> str:
    """A Python of its own on that database; returns what it prints."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, env=environment_of(url), stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=int, default=3, help="for each target in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="up to 10,000 models and 100,000 tokens")
    parser.add_argument("--no-growth", action="store_true")
    parser.add_argument(
        "--litellm",
        nargs="?",
        const="litellm[proxy]",
        metavar="REQUIREMENT",
        help="against its proxy too; 1 GB to install",
    )
    parser.add_argument(
        "--litellm-venv", type=Path, metavar="DIR", help="against its proxy in a virtual environment that is there"
    )
    parser.add_argument("--imported", type=int, default=IMPORTED, help="rows of the document that is imported")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if arguments.litellm and not arguments.litellm_venv:
            arguments.litellm_venv = installed(arguments.litellm, Path(place))
        main(arguments)
