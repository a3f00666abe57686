"""Every setting of Modelbook, read from the environment; all invalid values are reported together at startup.

.env.example lists each variable with its default.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import dj_database_url
import django
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from config import admin_site, setting_checks
from config.backoff import limit_pauses
from config.secrets import read_secrets, secrets_file
from pricing.engine.formatting import languages

ENGINES = {"django.db.backends.sqlite3", "django.db.backends.postgresql"}
# Connections to a host that no longer responds end after 10 to 20 seconds, instead of the system's 15 minutes or more;
# a query that waits long is not affected. DATABASE_URL may set others. Sockets of the same machine ignore them.
TCP_OPTIONS = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}
BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
problems: list[str] = []
Value = TypeVar("Value")
Used = TypeVar("Used")


def secret(name: str, *, required: bool = True) -> str:
    """A secret from NAME, from the file whose path is in NAME_FILE, or from the file that quickstart created."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{name}_FILE: {getattr(error, 'strerror', 'the file is not valid UTF-8')}.")
            return ""
    value = os.environ.get(name) or stored_secrets().get(name, "")
    if required and not value:
        problems.append(f"{name} is not set. Set it, or run `python manage.py quickstart`, which creates one.")
    return value


def stored_secrets() -> dict[str, str]:
    """The secrets in the file that quickstart created; empty without a file."""
    try:
        return read_secrets()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{secrets_file()}: {getattr(error, 'strerror', 'the file is not valid UTF-8')}.")
        return {}


def checked(name: str, value: Value, check: Callable[[Value], Used]) -> Used:
    """The value that `check` returns; a ValueError of the check becomes a problem."""
    try:
        return check(value)
    except ValueError as error:
        problems.append(f"{name}: {error}")
        # The value is never used: startup fails below because there is a problem.
        return cast("Used", None)


def number(name: str, default: int, low: int = 0, high: int = setting_checks.MAX_NUMBER) -> int:
    """A whole number from the environment; an empty variable means the default."""
    text = os.environ.get(name) or str(default)
    return checked(name, text, lambda value: setting_checks.whole_number(value, low, high))


def switch(name: str, default: bool) -> bool:
    """True or false from the environment; an empty variable means the default."""
    return checked(name, os.environ.get(name) or str(default), setting_checks.on_or_off)


def database(url: str) -> dict[str, Any]:
    """Django's settings for DATABASE_URL, with options that make concurrent writers wait instead of failing."""
    try:
        settings: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError:
        settings = {}
    if settings.get("ENGINE") not in ENGINES:
        problems.append(
            "DATABASE_URL: The value must look like sqlite:////path/to/file or postgres://user:password@host:5432/name."
        )
        return {"ENGINE": "django.db.backends.dummy"}
    options = settings.setdefault("OPTIONS", {})
    if settings["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE takes the write lock when a transaction starts. Otherwise a transaction that reads first and writes
        # later fails immediately, without the timeout, if another one has written in between.
        # Opening and configuring the file takes longer than most requests, so each thread keeps its connection.
        settings["CONN_MAX_AGE"] = None
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
    elif settings["ENGINE"].endswith("postgresql"):
        limit_pauses()
        # The pool needs CONN_MAX_AGE 0; the health checks replace connections after a restart of the server.
        settings |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
        for name, value in TCP_OPTIONS.items():
            options.setdefault(name, value)
        options |= {
            "pool": {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 3},
            "options": "-c statement_timeout=30000",
        }
    return settings


DEBUG = switch("DEBUG", False)
SECRET_KEY = checked("SECRET_KEY", secret("SECRET_KEY"), setting_checks.secret_key)
TOKEN_PEPPERS = checked("TOKEN_PEPPERS", secret("TOKEN_PEPPERS"), setting_checks.peppers)
TOKEN_PREFIX = checked("TOKEN_PREFIX", env.str("TOKEN_PREFIX", "mb_live"), setting_checks.token_prefix)
ALLOWED_HOSTS = checked(
    "ALLOWED_HOSTS", env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"]), setting_checks.host_names
)
CSRF_TRUSTED_ORIGINS = checked("CSRF_TRUSTED_ORIGINS", env.list("CSRF_TRUSTED_ORIGINS", []), setting_checks.origins)
HTTPS = switch("HTTPS", False)
TRUSTED_PROXIES = number("TRUSTED_PROXIES", 0)
NARROW_DIALECTS = switch("NARROW_DIALECTS", False)
SITE_NAME = env.str("SITE_NAME", "Modelbook")
# Both are about the public pages. The admin is in English, and it, the API and the database use UTC.
DEFAULT_LANGUAGE = checked("DEFAULT_LANGUAGE", env.str("DEFAULT_LANGUAGE", "en") or "en", setting_checks.language)
PAGES_TIME_ZONE = checked("TIME_ZONE", env.str("TIME_ZONE", "UTC") or "UTC", setting_checks.time_zone)
PUBLIC_BASE_URL = checked("PUBLIC_BASE_URL", env.str("PUBLIC_BASE_URL", ""), setting_checks.base_url)
VENDOR_ICONS = checked("VENDOR_ICONS", env.str("VENDOR_ICONS", ""), setting_checks.folder)
SECURITY_CONTACT = checked("SECURITY_CONTACT", env.str("SECURITY_CONTACT", ""), setting_checks.security_contact)
API_DOMAIN = env.str("API_DOMAIN", "") or setting_checks.host_of(PUBLIC_BASE_URL) or "modelbook"
MODELS_CACHE_SECONDS = number("MODELS_CACHE_SECONDS", 3600)
REDIS_URL = checked("REDIS_URL", env.str("REDIS_URL", ""), setting_checks.redis_url)
FAILED_KEYS_PER_MINUTE = number("FAILED_KEYS_PER_MINUTE", 60)
VISITORS_PER_MINUTE = number("VISITORS_PER_MINUTE", 60_000)
USAGE_WRITE_SECONDS = number("USAGE_WRITE_SECONDS", 15)
PRICES_AS = checked("PRICES_AS", env.str("PRICES_AS", "prices"), setting_checks.prices_as)
POPULAR_DAYS = number("POPULAR_DAYS", 30, 1, 3650)
POPULAR_COUNT = number("POPULAR_COUNT", 20)
PRUNE_KEEP_DAYS = number("PRUNE_KEEP_DAYS", 0)
AUDIT_HEAD_FILE = env.str("AUDIT_HEAD_FILE", "")
FETCH_OWN_HOSTS = checked("FETCH_OWN_HOSTS", env.list("FETCH_OWN_HOSTS", []), setting_checks.own_hosts)
KEYS_IN_QUERY = switch("KEYS_IN_QUERY", True)
AUTHORIZE_MAX_BODY = number("AUTHORIZE_MAX_BODY", 67_108_864, 1024)
AUTHORIZE_TRUSTED_HEADERS = checked(
    "AUTHORIZE_TRUSTED_HEADERS", env.list("AUTHORIZE_TRUSTED_HEADERS", []), setting_checks.header_names
)
AUTHORIZE_WITHOUT_MODEL = checked(
    "AUTHORIZE_WITHOUT_MODEL", env.list("AUTHORIZE_WITHOUT_MODEL", []), setting_checks.endpoints_without_model
)
ADMIN_API_IF_MATCH = switch("ADMIN_API_IF_MATCH", False)
ADMIN_API_PER_MINUTE = number("ADMIN_API_PER_MINUTE", 6000)
METRICS_TOKEN = secret("METRICS_TOKEN", required=False)
SECRET_KEY_FALLBACKS = checked(
    "SECRET_KEY_FALLBACKS", secret("SECRET_KEY_FALLBACKS", required=False), setting_checks.older_secret_keys
)
ADMIN_MFA = checked("ADMIN_MFA", env.str("ADMIN_MFA", "optional"), setting_checks.second_factor)
ADMIN_IDLE_MINUTES = number("ADMIN_IDLE_MINUTES", 60)
ADMIN_SESSION_HOURS = number("ADMIN_SESSION_HOURS", 12, 1, 8760)
REAUTHENTICATION_MINUTES = number("REAUTHENTICATION_MINUTES", 15, 1, 10_080)
PASSWORD_SIGN_IN = switch("PASSWORD_SIGN_IN", True)
OIDC_ISSUER = checked("OIDC_ISSUER", env.str("OIDC_ISSUER", ""), setting_checks.oidc_issuer)
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = secret("OIDC_CLIENT_SECRET", required=False)
OIDC_SCOPES = checked(
    "OIDC_SCOPES", env.list("OIDC_SCOPES", ["openid", "profile", "email"]), setting_checks.oidc_scopes
)
OIDC_ROLES_CLAIM = env.str("OIDC_ROLES_CLAIM", "groups")
OIDC_ROLES = checked("OIDC_ROLES", env.list("OIDC_ROLES", []), setting_checks.oidc_roles)
OIDC_NAME = env.str("OIDC_NAME", "single sign-on")
MAIL_SERVER = checked("EMAIL_URL", secret("EMAIL_URL", required=False), setting_checks.mail_server)
EMAIL_FROM = env.str("EMAIL_FROM", "")
DATABASE_POOL_SIZE = number("DATABASE_POOL_SIZE", 8, 1)
DATABASES = {"default": database(env.str("DATABASE_URL", f"sqlite:///{BASE_DIR / 'modelbook.sqlite3'}"))}
# Used by config/gunicorn.py, not by Django.
HOST = checked("HOST", os.environ.get("HOST") or "127.0.0.1", setting_checks.listening_host)
PORT = number("PORT", 8000, 1, 65535)
WEB_CONCURRENCY = number("WEB_CONCURRENCY", 2, 1)

problems += setting_checks.sign_in_problems(
    oidc={
        "OIDC_ISSUER": OIDC_ISSUER,
        "OIDC_CLIENT_ID": OIDC_CLIENT_ID,
        "OIDC_CLIENT_SECRET": OIDC_CLIENT_SECRET,
        "OIDC_ROLES": OIDC_ROLES,
    },
    password_sign_in=PASSWORD_SIGN_IN,
    mail={"EMAIL_URL": MAIL_SERVER, "EMAIL_FROM": EMAIL_FROM},
    hosts=ALLOWED_HOSTS,
)
if problems:
    raise ImproperlyConfigured("Modelbook cannot start:\n  " + "\n  ".join(dict.fromkeys(problems)))

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "simple_history",
    "axes",
    "rest_framework",
    "catalog",
    "tokens",
    "pricing",
    # After tokens, whose templates replace some of theirs.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
]
MIDDLEWARE = [
    "tokens.http.middleware.BodilessMiddleware",
    "tokens.http.middleware.RequestIdMiddleware",
    "tokens.http.probes.ProbesMiddleware",
    "tokens.http.middleware.ApiHeadersMiddleware",
    "tokens.http.middleware.SuspicionMiddleware",
    "tokens.http.middleware.LockLimitMiddleware",
    "pricing.pages.failures.UnavailableMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "tokens.http.content_policy.AdminPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tokens.admin.pasted_keys.PastedKeyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tokens.operators.sign_in.sessions.OperatorSessionMiddleware",
    "tokens.http.middleware.SnapshotMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# Clients treat a redirect as a failure, so both forms of an address exist and none redirects to the other.
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the templates of the apps: some of them are those of the admin's theme, with landmarks and labels.
        "DIRS": [BASE_DIR / "catalog" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tokens.operators.sign_in.frame.admin_frame",
            ],
        },
    },
]

LANGUAGE_CODE = "en"
# For the pages that customers see; the admin is in English.
LANGUAGES = languages.LANGUAGES
# Before the translations of the apps: some of them translate words of the pages in their own way.
LOCALE_PATHS = [BASE_DIR / "pricing" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
# Unambiguous dates: 2026-11-22, not 11/22 or Nov. 22.
FORMAT_MODULE_PATH = ["config.formats"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Finders serve the packages' own files, so a new clone works without collectstatic.
WHITENOISE_USE_FINDERS = True

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = ["tokens.auth.passwords.Argon2Hasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
CSRF_FAILURE_VIEW = "tokens.operators.refusals.csrf_failure"
AXES_LOCKOUT_CALLABLE = "tokens.operators.refusals.locked_out"
# Attempts are counted for user name and address together. If they were counted for the name only, anyone could lock an
# administrator out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 1  # hours
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
# It stores the fields of a failed form: never codes.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code", "credential"]
# `manage.py axes_reset` unlocks users.
AXES_ENABLE_ADMIN = False
# From the address that rate limits use, too; without it, everybody behind a proxy has the proxy's address.
AXES_CLIENT_IP_CALLABLE = "tokens.operators.sign_in.attempts.counted_address"
AXES_USERNAME_CALLABLE = "tokens.operators.sign_in.attempts.counted_name"

# Sign-in of operators: see tokens/operators/sign_in. Nobody can sign up, and no address is verified by mail.
ACCOUNT_ADAPTER = "tokens.operators.sign_in.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "tokens.operators.sign_in.forms.LoginForm",
    "reauthenticate": "tokens.operators.sign_in.forms.ReauthenticateForm",
    "reset_password": "tokens.operators.sign_in.forms.ResetPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # a form with passwords; nobody can sign up
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"{SITE_NAME}: "
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "admin:login"
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# django-axes counts wrong passwords and codes in the database, for all processes together.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "reauthenticate": None}
MFA_ADAPTER = "tokens.operators.sign_in.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "tokens.operators.sign_in.forms.AuthenticateForm",
    "reauthenticate": "tokens.operators.sign_in.forms.ReauthenticateCodeForm",
    "activate_totp": "tokens.operators.sign_in.forms.ActivateTOTPForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # the clocks of telephones may differ by half a minute
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A passkey of this server would let people in whom the provider has locked out.
MFA_PASSKEY_LOGIN_ENABLED = PASSWORD_SIGN_IN
USERSESSIONS_TRACK_ACTIVITY = True  # shown; our own middleware writes it
SOCIALACCOUNT_ADAPTER = "tokens.operators.sign_in.adapters.SocialAccountAdapter"
# The policy of the admin's pages allows no form to lead to another host, so a link starts the sign-in.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {
                    "server_url": f"{(OIDC_ISSUER or '').rstrip('/')}/.well-known/openid-configuration",
                    "scope": OIDC_SCOPES,
                    "oauth_pkce_enabled": True,
                },
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
if MAIL_SERVER:
    DEFAULT_FROM_EMAIL = EMAIL_FROM
    if django.VERSION >= (6, 1):
        MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": MAIL_SERVER}}
    else:
        EMAIL_HOST, EMAIL_PORT = MAIL_SERVER["host"], MAIL_SERVER["port"]
        EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER["username"], MAIL_SERVER["password"]
        EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_SERVER["use_tls"], MAIL_SERVER["use_ssl"]
        EMAIL_TIMEOUT = MAIL_SERVER["timeout"]

# The login form is public: uploads to it must not fill the disk.
FILE_UPLOAD_HANDLERS = [
    "catalog.admin.uploads.CappedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = ADMIN_SESSION_HOURS * 3600
# How often a session stores the time of its last request.
OPERATOR_SEEN_SECONDS = 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# An API call over plain HTTP must fail in its own format, not be redirected with its key.
SECURE_REDIRECT_EXEMPT = [r"^(?!admin/)"]
# Not no-referrer: browsers would send "Origin: null", and the admin would refuse every form as forged.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tokens.auth.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "tokens.http.negotiation.AlwaysJSON",
    "EXCEPTION_HANDLER": "tokens.http.errors.handle_exception",
    # The API never uses contrib.auth: a session cookie gives no access here.
    "UNAUTHENTICATED_USER": None,
    # The query parameter `format` belongs to clients.
    "URL_FORMAT_OVERRIDE": None,
    # The schema of methods that say more about themselves.
    "DEFAULT_SCHEMA_CLASS": "pricing.admin_api.openapi.schema.ResourceSchema",
}
# The management API's part of the document: see pricing.admin_api.openapi.schema.py.
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/admin/v1",
    # Requests have no fields that only responses have.
    "COMPONENT_SPLIT_REQUEST": True,
    # Choices stay beside their field: components for them would have names that change with other fields.
    "POSTPROCESSING_HOOKS": [],
    "GET_MOCK_REQUEST": "pricing.admin_api.openapi.schema.make_request",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "tokens.logs.RequestIdFilter"},
        "secrets": {"()": "tokens.logs.SecretsFilter"},
    },
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {request_id} {message}", "style": "{"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id", "secrets"]}
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django's own handlers have no filters: with DEBUG, every line would appear twice, once with the key in its query.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    },
}

UNFOLD = admin_site.UNFOLD
