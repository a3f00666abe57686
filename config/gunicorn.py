"""How gunicorn serves Modelbook: `gunicorn --config config/gunicorn.py config.wsgi`."""

import os
import shutil
import sys
import tempfile
import warnings
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn.glogging import Logger, SafeAtoms  # type: ignore[import-untyped]

from tokens.logs import SecretsFilter, keys_of


class PrintableAtoms(SafeAtoms):  # type: ignore[misc]
    """The parts of an access line, without the line breaks that would forge another line."""

    def __getitem__(self, name: str) -> Any:
        part = super().__getitem__(name)
        if isinstance(part, str) and not part.isprintable():
            return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in part)
        return part


class SecretsLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger, without the keys that clients send in addresses."""

    atoms_wrapper_class = PrintableAtoms

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.addFilter(SecretsFilter())

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        with keys_of(environ):
            super().access(resp, req, environ, request_time)


def checked_settings() -> ModuleType:
    """The settings as they are now, or the end with the sentences that say what is wrong in them.

    The workers would say the same one after the other, below a traceback each. What this brings in is dropped again:
    the workers import it anew, and so does this file when a SIGHUP has it read again.
    """
    name = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    known = {each: sys.modules.pop(each) for each in (name, "config.settings") if each in sys.modules}
    before = set(sys.modules)
    try:
        return import_module(name)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    finally:
        for each in set(sys.modules) - before:
            if each.partition(".")[0] in {"catalog", "tokens", "pricing", "config", name.partition(".")[0]}:
                del sys.modules[each]
        sys.modules.update(known)


settings = checked_settings()
# Without collectstatic there is no such folder; WhiteNoise then serves the packages' own files.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)

bind = f"{f'[{settings.HOST}]' if ':' in settings.HOST else settings.HOST}:{settings.PORT}"

# Threads, because a worker mostly waits for the database; two processes, so that one that is restarted leaves one.
# Of gunicorn's gthread, with the API's own words for what it refuses.
worker_class = "config.worker.Worker"
workers = settings.WEB_CONCURRENCY
threads = 4
# Not preloaded: SIGHUP then brings new code, and no database pool is carried over a fork.
preload_app = False
# A leak, should there be one, never grows old; the jitter keeps workers from restarting together.
max_requests = 20_000
max_requests_jitter = 2_000

# Gemini's clients put keys and page tokens into the address: as much of it as gunicorn takes. Browsers send the
# cookies of other services on the same host.
limit_request_line = 8190
limit_request_field_size = 16_380
# gunicorn would let a proxy on this machine, which everybody's requests may come through, put the application below
# another path or change the scheme. Whether X-Forwarded-Proto is believed, settings.py says.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

timeout = 30
graceful_timeout = 30
# Longer than the 60 seconds after which common proxies drop an idle connection: the other way round, a proxy
# would now and then send a request into a connection that is just being closed.
keepalive = 75

# The heartbeat file on a disk can block a worker; memory cannot.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# Where the workers count together for /metrics. Read again at a SIGHUP, this file must not choose another folder.
COUNTED = bool(os.environ.get("METRICS_TOKEN") or os.environ.get("METRICS_TOKEN_FILE"))
if COUNTED and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="modelbook-metrics-", dir=worker_tmp_dir)


def pre_fork(server: Any, worker: Any) -> None:
    """Gives the worker the lowest place that no living one has: its successor there goes on with its counts.

    By process id, as prometheus-client does it otherwise, every worker that ever was would leave files to be read.
    """
    taken = {each.place for each in server.WORKERS.values()}
    worker.place = next(place for place in count() if place not in taken)


def post_fork(_: Any, worker: Any) -> None:
    if COUNTED:
        from prometheus_client import values

        values.ValueClass = values.MultiProcessValue(lambda: worker.place)  # type: ignore[no-untyped-call]


def on_exit(_: Any) -> None:
    if COUNTED:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


# A socket in the home folder by which a running server can be controlled: unused, and in the way of read-only systems.
control_socket_disable = True

logger_class = SecretsLogger
accesslog = "-"
# The path without its query, where some clients put their key; no Referer, which may repeat it.
access_log_format = '%(t)s %(h)s "%(m)s %(U)s" %(s)s %(B)s bytes %(M)s ms %({x-request-id}o)s'
