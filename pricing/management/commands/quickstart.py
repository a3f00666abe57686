"""`quickstart`: sets up a fresh clone with a served catalog, an administrator and a key, in one command."""

import os
import secrets
import socket
import sys
from argparse import ArgumentParser
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from catalog.db.locking import one_at_a_time
from catalog.error_messages import count
from catalog.exact import write_json
from catalog.management.commands.migrate import refuse_missing_folder
from catalog.models import AIModel
from catalog.sources import SOURCES, starter
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.pages.code_examples.notice import NO_GATEWAY
from tokens.models import Pepper, Token, TokenGroup

ADMIN = "admin"
# No letters and digits that are easily confused.
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105
EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104


@dataclass
class Secrets:
    """The secrets that this run created: they are shown once and not stored. Empty if not created."""

    password: str = ""
    key: str = ""


class Command(BaseCommand):
    help = "Sets up a new installation with a starter catalog, an administrator and a key, and serves it."
    # The check of other commands would print a warning before the migrations are applied.
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1", help="Serve on this address.")
        parser.add_argument("--port", default=os.environ.get("PORT") or "8000", help="Serve on this port.")
        parser.add_argument("--no-serve", action="store_true", help="Only set up; start gunicorn yourself.")
        parser.add_argument("--empty", action="store_true", help="Do not load the starter catalog.")
        parser.add_argument("--dry-run", action="store_true", help="Only show what would be created; write nothing.")
        parser.add_argument(
            "--format",
            choices=["text", "json"],
            default="text",
            help="Output format. json is one object and needs --no-serve.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], port_number(options["port"])
        address, is_json = origin(host, port), options["format"] == "json"
        if is_json and not (options["no_serve"] or options["dry_run"]):
            raise CommandError("--format json needs --no-serve: the output of a server is not JSON.")
        refuse_missing_folder()
        if not options["no_serve"]:
            refuse_taken_port(host, port)
        if options["dry_run"]:
            missing = missing_parts(with_catalog=not options["empty"])
            self.stdout.write(write_json({"would_make": missing}).decode() if is_json else forecast(missing))
            return
        with one_at_a_time("quickstart"):
            call_command("migrate", verbosity=0, interactive=False)
            created = set_up(with_catalog=not options["empty"])
        for problem in Pepper.objects.problems().values():
            self.stderr.write(problem)
        if options["no_serve"] and not settings.PUBLIC_BASE_URL:
            # A server says so itself.
            self.stderr.write(NO_GATEWAY)
        self.stdout.write(write_json(as_json(created, address)).decode() if is_json else report(created, address))
        if not options["no_serve"]:
            self.stdout.write(serving_notes(host))
            self.stdout.flush()
            serve(host, port)


def port_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise CommandError(f"{text!r} is not a valid port: use a number from 1 to 65535.")
    return int(text)


def refuse_taken_port(host: str, port: int) -> None:
    """CommandError if the server will not be able to listen, before any work is done."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with closing(socket.socket(family, kind)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        other = port + 1 if port < 65535 else 8000
        raise CommandError(
            f"Cannot serve on {host}:{port}: {reason}. Choose another port or --host, e.g. quickstart --port {other}"
        ) from None


def missing_parts(*, with_catalog: bool) -> list[str]:
    """The parts that a run would create, in order. Only reads the database, and does not create a file."""
    parts = ["database", "catalog", "administrator", "key"] if with_catalog else ["database", "administrator", "key"]
    if is_in_a_file() and not database_file().exists():
        return parts
    executor = MigrationExecutor(connection)
    is_behind = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    tables = set(connection.introspection.table_names())
    is_missing = {
        "database": lambda: is_behind,
        "catalog": lambda: AIModel._meta.db_table not in tables or lacks_models(),
        "administrator": lambda: get_user_model()._meta.db_table not in tables or lacks_administrator(),
        "key": lambda: Token._meta.db_table not in tables or lacks_keys(),
    }
    return [part for part in parts if is_missing[part]()]


def is_in_a_file() -> bool:
    return connection.vendor == "sqlite" and not connection.is_in_memory_db()  # type: ignore[attr-defined]


def database_file() -> Path:
    return Path(str(connection.settings_dict["NAME"])).absolute()


def lacks_models() -> bool:
    return not AIModel.objects.exists()


def lacks_administrator() -> bool:
    users = get_user_model().objects
    return not users.filter(is_superuser=True).exists() and not users.filter(username=ADMIN).exists()


def lacks_keys() -> bool:
    return not Token.objects.exists()


def set_up(*, with_catalog: bool) -> Secrets:
    """Creates the missing parts, completely or not at all; existing parts stay unchanged."""
    created = Secrets()
    with transaction.atomic():
        if with_catalog and lacks_models():
            load_starter_catalog()
        if lacks_administrator():
            created.password = new_password()
            get_user_model().objects.create_superuser(ADMIN, password=created.password)
        if lacks_keys():
            _, created.key = Token.objects.issue("Quickstart", groups=[TokenGroup.objects.default()])
    return created


def load_starter_catalog() -> None:
    """Publishes the starter catalog on its own channel, which the default group reaches."""
    options = Options(source=SOURCES["starter"], channel="starter", publish=True)
    apply_import(starter.FILE.read_bytes(), options, at=timezone.now(), origin=starter.FILE.name)


def new_password() -> str:
    """Four groups of four letters and digits: 79 bits, easy to copy from a screen."""
    return "-".join("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(4)) for _ in range(4))


def origin(host: str, port: int) -> str:
    """The address for a browser on this machine."""
    name = "127.0.0.1" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def forecast(missing: list[str]) -> str:
    if not missing:
        return "Everything exists: quickstart would create nothing."
    return f"Quickstart would create or migrate: {', '.join(missing)}. Nothing was written."


def as_json(created: Secrets, address: str) -> dict[str, Any]:
    """The report for programs; null for parts that already existed."""
    return {
        "url": address,
        "models": AIModel.objects.count(),
        "vendors": AIModel.objects.values("vendor").distinct().count(),
        "user": ADMIN if created.password else None,
        "password": created.password or None,
        "key": created.key or None,
    }


def report(created: Secrets, address: str) -> str:
    """The addresses and the login, for the person at the terminal."""
    models, vendors = AIModel.objects.count(), AIModel.objects.values("vendor").distinct().count()
    lines = [
        "",
        f"  Modelbook is ready: {count(models, 'model')} from {count(vendors, 'vendor')}.",
        "",
        f"  Catalog     {address}/",
        f"  Admin       {address}/admin/",
        f"  Models      {address}/v1/models",
        f"  Prices      {address}/api/pricing",
        f"  API docs    {address}/docs",
        "",
    ]
    if created.password:
        lines += [f"  User        {ADMIN}", f"  Password    {created.password}    (shown only once)"]
    else:
        lines += [f"  Password    unchanged; to set a new one: {python()} manage.py changepassword {ADMIN}"]
    if created.key:
        lines += [
            f"  Key         {created.key}    (shown only once)",
            "",
            "  Try it:",
            f'  curl -H "Authorization: Bearer {created.key}" {address}/v1/models',
        ]
    else:
        lines += [f"  Key         unchanged; to issue a new one: {python()} manage.py issue_token NAME"]
    return "\n".join([*lines, ""])


def python() -> str:
    """The path of this interpreter as typed in the current folder."""
    relative = os.path.relpath(sys.executable)
    return sys.executable if relative.startswith("..") else relative


def serving_notes(host: str) -> str:
    lines = ["  Press Ctrl-C to stop the server. The same command starts it again and changes nothing."]
    if host in EVERYWHERE and "*" not in settings.ALLOWED_HOSTS:
        lines += [f"  It answers requests to {', '.join(settings.ALLOWED_HOSTS)}; add other hosts to ALLOWED_HOSTS."]
    return "\n".join([*lines, ""])


def serve(host: str, port: int) -> None:
    """Replaces this process with gunicorn, so that signals and exit codes are gunicorn's."""
    connection.close()
    environment = os.environ | {"HOST": host, "PORT": str(port)}
    if host not in EVERYWHERE and not {host, "*"} & set(settings.ALLOWED_HOSTS):
        # The operator named this host, so requests to it are allowed.
        environment["ALLOWED_HOSTS"] = ",".join([*settings.ALLOWED_HOSTS, host])
    os.chdir(settings.BASE_DIR)
    arguments = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
    os.execve(sys.executable, arguments, environment)  # noqa: S606
