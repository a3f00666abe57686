"""The settings that the tests run with: the real ones, with secrets that are worth nothing."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("TOKEN_PEPPERS", "1:only-for-tests-pepper-one,2:only-for-tests-pepper-two")
os.environ.setdefault("ALLOWED_HOSTS", "*")

from config.settings import *  # noqa: F403

# The slow hash is tested by itself; everywhere else it would only make the suite slow.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# What is written later is written when a test says so, and never beside it.
USAGE_WRITE_SECONDS = 0
OPERATOR_SEEN_SECONDS = 86_400
# Every test is the same address; the tests of the limits set them.
FAILED_KEYS_PER_MINUTE = 0
VISITORS_PER_MINUTE = 0
# Static files are looked up when they are requested, and not listed again for every test client.
WHITENOISE_AUTOREFRESH = True
