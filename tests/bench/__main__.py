"""`python -m tests.bench`: the tables that README has, in Markdown; `--readme` writes them into it.

Takes an hour and needs an idle machine. All figures that are compared come from one alternating run: what else the
machine does hits each of them.
"""

import argparse
import datetime as dt
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import crowds, gateways, writes
from tests.bench.litellm import KEY, installed, litellm_proxy
from tests.bench.load import Speed, load
from tests.bench.targets import Target, ask, bare, targets
from tests.live.deployment import ROOT, Operator, Server, environment_of, serving
from tests.postgres import throwaway_postgres

MODELS = (600, 5_000, 15_000, 100_000)
# The models of the catalog page that are compared.
PAGES = (111, 4_413)
TOKENS = 1_000
# Different scopes whose lists a process keeps, by the number of models.
SCOPES = {600: 1_000, 5_000: 200}
IMPORTED = 5_000
# The lines of README between which the tables are.
BEGIN, END = "<!-- tables of tests.bench -->", "<!-- end of the tables -->"
GROWTH = {
    "list_1_keys_us": "warm list, µs",
    "list_1000_keys_us": "warm list, 1,000 keys in turn, µs",
    "authorize_us": "warm `/api/authorize`, µs",
    "authorize_cold_ms": "`/api/authorize` without caches, ms",
    "list_cold_ms": "cold list, ms",
    "walk_ms": "all default pages of Gemini's list, cold, ms",
    "list_after_hiding_ms": "list after a model was hidden, ms",
    "prices_cold_ms": "cold price list, ms",
    "prices_after_edit_ms": "price list after one edit, ms",
    "page_cold_ms": "cold catalog page, ms",
    "page_after_edit_ms": "catalog page after one edit, ms",
    "search_ms": "search in the catalog page, 95th percentile, ms",
    "sort_cold_ms": "cold catalog page by price, ms",
    "health_checks_ms": "health checks, 1,000 tokens, ms",
}

DATABASES = ("SQLite", "PostgreSQL")


@dataclass(frozen=True)
class Table:
    """Results of one database; the first cell of a row says what was measured."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def beside(self, other: "Table") -> "Table":
        """The same table with the results of both databases in each cell."""
        pairs = zip(self.rows, other.rows, strict=True)
        rows = [(one[0], *map(" / ".join, zip(one[1:], two[1:], strict=True))) for one, two in pairs]
        return Table(self.title, self.head, rows)

    def markdown(self, databases: Sequence[str]) -> str:
        lines = [self.head, ("---",) * len(self.head), *self.rows]
        return f"{self.title}, {' / '.join(databases)}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: argparse.Namespace) -> None:
    day, cores, python = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}", os.cpu_count(), sys.version.split()[0]
    texts = [f"Measured on {day}, {cores} cores, Python {python}."]
    databases = [name for name in DATABASES if arguments.only in (None, name.lower())]
    for part in arguments.parts or PARTS:
        tables = [measured(PARTS[part], name, arguments) for name in databases]
        for of_each in zip(*tables, strict=True):
            texts.append(functools.reduce(Table.beside, of_each).markdown(databases))
            say(texts[-1])
    if arguments.readme:
        write_readme("\n\n".join(texts))


def measured(part: "Part", database: str, arguments: argparse.Namespace) -> list[Table]:
    """The tables of a part, on a new database of that kind."""
    with (sqlite if database == "SQLite" else throwaway_postgres)() as url, tempfile.TemporaryDirectory() as folder:
        run("manage.py", "migrate", "-v0", url=url)
        return list(part(url, Path(folder), arguments))


def warm(url: str, folder: Path, arguments: argparse.Namespace) -> Iterator[Table]:
    """What clients repeat, beside a bare application that returns the same bytes."""
    models = MODELS[0]
    key = fill(url, models)
    with ExitStack() as stack:
        ours = stack.enter_context(serving(url, folder))
        etag = ours.get("/v1/models", key=key).headers["etag"]
        measured = targets(f"vendor-7/model-{7:06}", etag)
        limit = stack.enter_context(bare(folder, {target.name: ask(ours, target, key) for target in measured}))
        asked: dict[str, tuple[Target, Server, str]] = {}
        for target in measured:
            asked[f"bare {target.label}"] = target, limit, key
            asked[target.label] = target, ours, key
        if arguments.litellm_venv:
            port, pid, version = stack.enter_context(litellm_proxy(arguments.litellm_venv, folder, models=models))
            proxy = Server(port, folder / "log")
            proxy.pid = pid
            asked |= {
                f"{target.label} of LiteLLM's proxy {version}": (target, proxy, KEY)
                for target in measured if target.litellm
            }  # fmt: skip

        def measure_all(seconds: int) -> dict[str, Speed]:
            return {label: measure(*target_and_place, seconds) for label, target_and_place in asked.items()}

        measure_all(1)
        rounds = [measure_all(arguments.seconds) for _ in range(arguments.rounds)]
    rows = [
        (label, *_of_limit([(one[label], one[f"bare {target.label}"]) for one in rounds]))
        for label, (target, server, _) in asked.items()
        if server is not limit
    ]
    yield Table(
        f"{models} models, warm, as a fraction of a bare application under gunicorn's gthread worker",
        ("request", "requests per second", "processor time", "µs a request"),
        rows,
    )


def measure(target: Target, server: Server, key: str, seconds: int) -> Speed:
    return load(
        server.port, server.pid, seconds=seconds, path=target.path, headers=target.sent(key), status=target.status
    )


def _of_limit(pairs: list[tuple[Speed, Speed]]) -> tuple[str, str, str]:
    per_second = statistics.median(speed.per_second / limit.per_second for speed, limit in pairs)
    cpu = statistics.median(limit.cpu_us / speed.cpu_us for speed, limit in pairs)
    return f"{per_second:.2g}", f"{cpu:.2g}", f"{statistics.median(speed.cpu_us for speed, _ in pairs):,.0f}"


def under_writes(url: str, folder: Path, arguments: argparse.Namespace) -> Iterator[Table]:
    """Lists for 100 keys while something is written."""
    fill(url, MODELS[0])
    keys = keys_of(url, "ONE_OF_MANY", 100)
    with serving(url, folder) as server:
        rows = writes.throughput(server, url, keys, seconds=arguments.seconds, rounds=arguments.rounds)
    yield Table(
        f"{MODELS[0]} models, lists of 100 keys while something is written, as a multiple of the quiet state",
        ("written", "requests per second", "processor time per request"),
        [(label, f"{per_second:.2f}", f"{cpu:.2f}") for label, (per_second, cpu) in rows.items()],
    )
    fill(url, 5_000, scopes=100)
    keys = keys_of(url, "NEARLY_ALL", 100)
    operator = Operator(url)
    try:
        with serving(url, folder) as server:
            multiples = writes.per_request(server, operator, keys, writes=arguments.rounds * 2)
    finally:
        operator.close()
    yield Table(
        f"5,000 models, one write in {writes.PER_WRITE} requests of 100 keys with different scopes",
        ("written", "processor time per request, quiet = 1"),
        [(label, f"{multiple:.1f}") for label, multiple in multiples.items()],
    )


def in_crowds(url: str, folder: Path, arguments: argparse.Namespace) -> Iterator[Table]:
    """Stampedes, slow clients, many scopes, visitors beside keys."""
    rows = []
    for models, clients in ((600, 32), (5_000, 16)):
        key = fill(url, models, scopes=SCOPES[models])
        operator = Operator(url)
        try:
            with serving(url, folder) as server:
                after = crowds.stampede(server, operator, "/api/pricing", clients=clients, rounds=arguments.rounds)
        finally:
            operator.close()
        rows.append(
            (
                f"{clients} clients ask for {models:,} prices after one edit: the slowest, as a multiple of one alone",
                f"{after['of_alone']:.1f} ({after['slowest_s']:.2f} s)",
            )
        )
        rows.append(("`/livez` meanwhile, the slowest, s", f"{after['livez_s']:.2f}"))
        with serving(url, folder, workers=1, METRICS_TOKEN=crowds.METRICS_TOKEN) as server:
            keys = keys_of(url, "NEARLY_ALL", SCOPES[models])
            share = crowds.scopes(server, keys)
            rows.append(
                (f"{len(keys):,} nearly full scopes, {models:,} models: hits of the second pass", f"{share:.0%}")
            )
            if models == MODELS[0]:
                share = crowds.visitors_beside_keys(server, keys, searches=1_000)
                rows.append(("the same after 1,000 different searches of visitors", f"{share:.0%}"))
    with serving(url, folder) as server:
        slow = crowds.slow_clients(server, count=64, seconds=6, key=key)
    rows.append(("64 heads and 64 bodies sent byte by byte: the slowest `/livez`, s", f"{slow['livez_s']:.2f}"))
    rows.append(("the slowest list meanwhile, s", f"{slow['list_s']:.2f}"))
    yield Table("Many clients at once", ("case", "result"), rows)


def growth(url: str, folder: Path, arguments: argparse.Namespace) -> Iterator[Table]:
    """What grows with the catalog, inside one process."""
    sizes = [models for models in MODELS if models <= arguments.largest]
    figures = {}
    for models in sizes:
        key = fill(url, models)
        figures[models] = json.loads(run("-m", "tests.bench.inside", key, url=url).splitlines()[-1])
    yield Table(
        "Inside one process, its own processor time, by the number of models",
        ("", *(f"{models:,}" for models in sizes)),
        [(label, *(_rounded(figures[models][figure]) for models in sizes)) for figure, label in GROWTH.items()],
    )


def pages(url: str, folder: Path, arguments: argparse.Namespace) -> Iterator[Table]:
    """The catalog page in a browser: with few models, and with many."""
    few, many = PAGES
    with sqlite() as small, ExitStack() as stack:
        run("manage.py", "migrate", "-v0", url=small)
        fill(small, few)
        fill(url, many)
        servers = [stack.enter_context(serving(one, folder, RATE_LIMIT_VISITORS="")) for one in (small, url)]
        page = json.loads(run("-m", "tests.bench.page", *(f"{server.url}/" for server in servers), url=url))
    if page:
        yield Table(
            f"The catalog page on a phone with a processor slowed four times, milliseconds until the rows are there; "
            f"{page['bytes'] / 1024:.0f} KB and at most {page['elements']:,} elements at {many:,} models; "
            f"{page['ratio']} times as long as at {few}",
            ("", f"{few} models", f"{many:,} models"),
            [(action, *map(str, took)) for action, took in page["ms"].items()],
        )


def imports(url: str, folder: Path, arguments: argparse.Namespace) -> Iterator[Table]:
    costs = json.loads(run("-m", "tests.bench.importing", arguments.imported, url=url).splitlines()[-1])
    yield Table(
        f"An import of {arguments.imported:,} rows of LiteLLM's shape, seconds",
        ("", "all new", "the same again", "all changed"),
        [("", str(costs["new"]), str(costs["again"]), str(costs["changed"]))],
    )


def in_gateways(url: str, folder: Path, arguments: argparse.Namespace) -> Iterator[Table]:
    """What the check adds to a call."""
    key = fill(url, MODELS[0])
    with serving(url, folder, TRUSTED_PROXIES="1") as server:
        yield Table(
            "Milliseconds of a call through a gateway, without and with the check",
            ("", "median without", "p95 without", "median with", "p95 with", "added"),
            gateways.latencies(server, folder, key=key, model=f"vendor-7/model-{7:06}"),
        )


Part = Callable[[str, Path, argparse.Namespace], Iterator[Table]]
PARTS: dict[str, Part] = {
    "warm": warm,
    "writes": under_writes,
    "crowds": in_crowds,
    "growth": growth,
    "page": pages,
    "import": imports,
    "gateways": in_gateways,
}


def _rounded(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 10 else f"{figure:.1f}"


def fill(url: str, models: int, *, scopes: int = 0) -> str:
    """Fills the database up to so many models; returns a key that sees all of them."""
    return run("-m", "tests.bench.filling", models, TOKENS, scopes, url=url).splitlines()[-1]


def keys_of(url: str, name: str, count: int) -> list[str]:
    """The keys of tokens that tests.bench.filling has made."""
    code = (
        "import django; django.setup(); from tests.bench import filling; from tokens.models import Token; "
        f"rows = Token.objects.filter(name=filling.{name}).order_by('pk').values_list('key_id', flat=True)[:{count}]; "
        "print(*(filling.key_of(int(row.removeprefix('bn'))) for row in rows))"
    )
    return run("-c", code, url=url).split()


def write_readme(tables: str) -> None:
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}")


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/bench.sqlite3"


def run(*arguments: object, url: str) -> str:
    """A Python of its own on that database; returns what it prints."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, env=environment_of(url), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return done.stdout.strip()


def say(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="only these tables")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=int, default=3, help="for each target in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", type=int, default=MODELS[-1], help="no more models than this")
    parser.add_argument("--readme", action="store_true", help="write the tables into README.md")
    parser.add_argument(
        "--litellm", nargs="?", const="litellm[proxy]", metavar="REQUIREMENT",
        help="against its proxy too; 1 GB to install",
    )  # fmt: skip
    parser.add_argument(
        "--litellm-venv", type=Path, metavar="DIR", help="against its proxy in a virtual environment that is there"
    )
    parser.add_argument("--imported", type=int, default=IMPORTED, help="rows of the document that is imported")
    return parser.parse_args()


if __name__ == "__main__":
    chosen = options()
    with tempfile.TemporaryDirectory() as place:
        if chosen.litellm and not chosen.litellm_venv:
            chosen.litellm_venv = installed(chosen.litellm, Path(place))
        main(chosen)
