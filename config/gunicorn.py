"""Configuration of gunicorn: `gunicorn --config config/gunicorn.py config.wsgi`."""

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
    """The parts of an access line, without line breaks, which could forge another line."""

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
    """The current settings; exits with the list of errors if there are any.

    Otherwise each worker would report the same errors after a traceback. The imported modules are removed again: the
    workers import them themselves, and so does this file after a SIGHUP.
    """
    name = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    known = {module: sys.modules.pop(module) for module in (name, "config.settings") if module in sys.modules}
    before = set(sys.modules)
    try:
        return import_module(name)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    finally:
        for module in set(sys.modules) - before:
            if module.partition(".")[0] in {"catalog", "tokens", "pricing", "config", name.partition(".")[0]}:
                del sys.modules[module]
        sys.modules.update(known)


settings = checked_settings()
# The folder does not exist without collectstatic; WhiteNoise then serves the files of the packages.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)

bind = f"{f'[{settings.HOST}]' if ':' in settings.HOST else settings.HOST}:{settings.PORT}"

# Threads, because a worker mostly waits for the database. Two processes, so that one serves while the other restarts.
# The class is gunicorn's gthread, with errors in the format of the API.
worker_class = "config.worker.Worker"
workers = settings.WEB_CONCURRENCY
threads = 4
# Not preloaded: a SIGHUP then loads new code, and no database pool is copied by a fork.
preload_app = False
# Limits the effect of a memory leak; the jitter prevents workers from restarting together.
max_requests = 20_000
max_requests_jitter = 2_000

# The largest address that gunicorn allows, because Gemini's clients put keys and page tokens into it. Large headers,
# because browsers send the cookies of other services on the same host.
limit_request_line = 8190
limit_request_field_size = 16_380
# By default gunicorn lets a proxy on this machine, which may forward everybody's requests, change the path of the
# application or the scheme. settings.py decides whether X-Forwarded-Proto is trusted.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

timeout = 30
graceful_timeout = 30
# Longer than the 60 seconds after which common proxies close an idle connection; otherwise a proxy would sometimes send
# a request into a connection that gunicorn is closing.
keepalive = 75

# A heartbeat file on a disk can block a worker; a file in memory cannot.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# The folder where all workers count for /metrics. This file must not choose another one when a SIGHUP reads it again.
COUNTED = bool(os.environ.get("METRICS_TOKEN") or os.environ.get("METRICS_TOKEN_FILE"))
if COUNTED and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="modelbook-metrics-", dir=worker_tmp_dir)


def pre_fork(server: Any, worker: Any) -> None:
    """Gives the worker the lowest place that no running worker has, where it continues its predecessor's counts.

    prometheus-client uses process ids, with which every worker that ever ran would leave files to read.
    """
    used_places = {running.place for running in server.WORKERS.values()}
    worker.place = next(place for place in count() if place not in used_places)


def post_fork(_: Any, worker: Any) -> None:
    if COUNTED:
        from prometheus_client import values

        values.ValueClass = values.MultiProcessValue(lambda: worker.place)  # type: ignore[no-untyped-call]


def on_exit(_: Any) -> None:
    if COUNTED:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


# The control socket in the home folder is not used, and fails on read-only systems.
control_socket_disable = True

logger_class = SecretsLogger
accesslog = "-"
# The path without its query, and no referrer: some clients put their key there.
access_log_format = '%(t)s %(h)s "%(m)s %(U)s" %(s)s %(B)s bytes %(M)s ms %({x-request-id}o)s'
