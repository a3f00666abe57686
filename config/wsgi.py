"""The WSGI application that gunicorn serves: the fast path, and Django behind it."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from tokens.http.fastpath import FastPath  # noqa: E402  (models can be imported only now)
from tokens.http.metrics import metered  # noqa: E402
from tokens.http.utf8 import Utf8Handler  # noqa: E402
from tokens.rate_limits import limiter  # noqa: E402

django_application = Utf8Handler()
application = metered(FastPath(django_application))
# Before the first request: it imports the client of Redis, which takes longer than any request.
limiter()
# What is loaded now lives as long as the process. The collector would scan it in the middle of requests, for 100 ms.
gc.freeze()
