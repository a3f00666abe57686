"""The configuration of gunicorn: `gunicorn --config config/gunicorn.py config.wsgi`."""

import os
import shutil
import sys
import tempfile
import time
import warnings
from contextlib import nullcontext, suppress
from datetime import timedelta
from functools import lru_cache
from importlib import import_module
from itertools import count
from logging import INFO, StreamHandler
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn.glogging import Logger, SafeAtoms  # type: ignore[import-untyped]

from config.server.refusals import caller_of
from pricing.pages.code_examples.notice import NO_GATEWAY
from tokens.logs import SecretsFilter, keys_of, scrub

MILLISECOND = timedelta(milliseconds=1)


class PrintableAtoms(SafeAtoms):  # type: ignore[misc]
    """The fields of an access line, without line breaks, which could forge another line."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if isinstance(value, str) and not value.isprintable():
            return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
        return value


class SecretsLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger, which removes the keys that clients send in addresses."""

    atoms_wrapper_class = PrintableAtoms

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.addFilter(SecretsFilter())

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> Any:
        return {**super().atoms(resp, req, environ, request_time), "h": caller_of(environ)}

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        with keys_of(environ):
            if self.cfg.access_log_format != access_log_format:
                super().access(resp, req, environ, request_time)
            elif self.access_log_enabled:
                self._write(scrub(access_line(resp, environ, request_time)))

    def _write(self, line: str) -> None:
        """Writes a line to the access log; records of `logging` would take half as long as the request itself."""
        for handler in self.access_log.handlers:
            if isinstance(handler, StreamHandler):
                # A full disk or a closed pipe must not fail the request.
                with handler.lock or nullcontext(), suppress(OSError, ValueError):
                    handler.stream.write(line + handler.terminator)
                    handler.flush()
            else:
                handler.handle(self.access_log.makeRecord("gunicorn.access", INFO, "", 0, line, (), None))


def access_line(resp: Any, environ: Any, request_time: timedelta) -> str:
    """What `access_log_format` below describes; gunicorn takes longer to write it than most requests take."""
    path = environ["PATH_INFO"].replace('"', '\\"')
    if not path.isprintable():
        path = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in path)
    request_id = next((value for name, value in resp.headers if name == "x-request-id"), "-")
    return (
        f'{access_time(int(time.time()))} {caller_of(environ)} "{environ["REQUEST_METHOD"]} {path}" '
        f"{(resp.status or '-')[:3]} {resp.sent} bytes {request_time // MILLISECOND} ms {request_id}"
    )


@lru_cache(maxsize=2)
def access_time(second: int) -> str:
    return time.strftime("[%d/%b/%Y:%H:%M:%S %z]", time.localtime(second))


def load_settings() -> ModuleType:
    """The current settings; exits with the list of problems if they are not valid.

    Each worker would otherwise report the same problems below a traceback. The modules that this imports are removed
    again, so that the workers, and this file after a SIGHUP, import them again.
    """
    name = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    loaded = {module: sys.modules.pop(module) for module in (name, "config.settings") if module in sys.modules}
    before = set(sys.modules)
    try:
        return import_module(name)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    finally:
        for module in set(sys.modules) - before:
            if module.partition(".")[0] in {"catalog", "tokens", "pricing", "config", name.partition(".")[0]}:
                del sys.modules[module]
        sys.modules.update(loaded)


settings = load_settings()
# Without collectstatic this folder does not exist; WhiteNoise then serves the packages' own files.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)

bind = f"{f'[{settings.HOST}]' if ':' in settings.HOST else settings.HOST}:{settings.PORT}"

# Threads, because a worker mostly waits for the database; two processes, so that one is left while the other restarts.
# A slow client occupies none of the threads.
worker_class = "config.server.worker.Worker"
workers = settings.WEB_CONCURRENCY
threads = 4
# Not preloaded: SIGHUP then loads new code, and no database pool crosses a fork.
preload_app = False
# Requests that Django answers. Limits the effect of a memory leak. None is known: 27,000 requests, with a change after
# every 300, leave the memory where it was after the first 3,000. The jitter keeps workers from restarting together.
max_requests = 100_000
max_requests_jitter = 10_000

# gunicorn's maximum, because Gemini's clients send keys and page tokens in the address. Browsers send the cookies of
# other services on the same host.
limit_request_line = 8190
limit_request_field_size = 16_380
# gunicorn would let a proxy on this machine, which may forward everybody's requests, change the application's path or
# the scheme. settings.py decides whether X-Forwarded-Proto is trusted.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

timeout = 30
graceful_timeout = 30
# Seconds. Longer than clients and proxies keep an idle connection: otherwise one would sometimes send a request into a
# connection that is being closed. OkHttp, which Java's SDKs use, keeps it for 300 seconds, most proxies for 60. An idle
# connection costs no thread, and the one that is idle for the longest time makes room for a new one.
keepalive = 320

# A heartbeat file on a disk can block a worker; one in memory cannot.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# The folder of the workers' common counters for /metrics; it stays the same when a SIGHUP reads this file again.
HAS_METRICS = bool(os.environ.get("METRICS_TOKEN") or os.environ.get("METRICS_TOKEN_FILE"))
if HAS_METRICS and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="modelbook-metrics-", dir=worker_tmp_dir)

# The variable with the path of the folder in which the workers share rendered bodies (tokens/http/shared/files.py).
SHARED_BODIES = "MODELBOOK_SHARED_BODIES"


def create_shared_folder(_: Any) -> None:
    """Creates the folder of shared bodies, a new one after a SIGHUP: its workers have other code and settings."""
    remove_shared_folder()
    # In memory, or on a disk if that is not possible; without a folder, each worker renders for itself.
    for parent in (worker_tmp_dir, None):
        with suppress(OSError):
            os.environ[SHARED_BODIES] = tempfile.mkdtemp(prefix=f"modelbook-bodies-{os.getpid()}-", dir=parent)
            return


def remove_shared_folder() -> None:
    folder = os.environ.pop(SHARED_BODIES, "")
    # A master that replaces another one (SIGUSR2) has inherited the name of its folder.
    if f"-{os.getpid()}-" in folder:
        shutil.rmtree(folder, ignore_errors=True)


on_starting = on_reload = create_shared_folder


def when_ready(server: Any) -> None:
    """Says what the operator has not set yet."""
    if not settings.PUBLIC_BASE_URL:
        server.log.warning(NO_GATEWAY)


def pre_fork(server: Any, worker: Any) -> None:
    """Gives the worker the lowest free place, so that it continues the counters of the worker that had the place.

    prometheus-client uses process ids by default, with which every past worker would leave files to be read.
    """
    taken = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in count() if place not in taken)


def post_fork(_: Any, worker: Any) -> None:
    if HAS_METRICS:
        from prometheus_client import values

        values.ValueClass = values.MultiProcessValue(lambda: worker.place)  # type: ignore[no-untyped-call]


def post_worker_init(_: Any) -> None:
    """Prepares the worker before it takes requests."""
    application = sys.modules.get("config.wsgi")
    if application is not None:
        from config.server.warming import warm_up

        warm_up(application.django_application)


def on_exit(_: Any) -> None:
    remove_shared_folder()
    if HAS_METRICS:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


# gunicorn's control socket in the home folder is not used, and fails on read-only systems.
control_socket_disable = True

logger_class = SecretsLogger
accesslog = "-"
# The path without its query, in which some clients send their key; no Referer, which may repeat it.
access_log_format = '%(t)s %(h)s "%(m)s %(U)s" %(s)s %(B)s bytes %(M)s ms %({x-request-id}o)s'
