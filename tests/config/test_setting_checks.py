"""Invalid settings keep Modelbook from starting; they are reported together, each with its name."""

import runpy
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.config.installation import ROOT, Installation
from tests.servers import SECONDS, free_port

BAD = [
    ("SECRET_KEY", "short"),
    ("TOKEN_PEPPERS", ","),
    ("TOKEN_PEPPERS", "1:too-short"),
    ("TOKEN_PEPPERS", "²:only-for-tests-pepper-one"),
    ("TOKEN_PEPPERS", "1:only-for-tests-pepper-one,1:only-for-tests-pepper-two"),
    ("TOKEN_PREFIX", ""),
    ("TOKEN_PREFIX", "mb live"),
    ("TOKEN_PREFIX", "mb_"),
    ("TOKEN_PREFIX", "m" * 41),
    ("TOKEN_PREFIX", "mb_admin"),
    ("TOKEN_PREFIX", "mb_admin_ours"),
    ("ALLOWED_HOSTS", ""),
    ("ALLOWED_HOSTS", " , "),
    ("ALLOWED_HOSTS", "https://models.example.com"),
    ("CSRF_TRUSTED_ORIGINS", "models.example.com"),
    ("CSRF_TRUSTED_ORIGINS", "https://models.example.com/"),
    ("VENDOR_ICONS", "/no/such/folder"),
    ("TRUSTED_PROXIES", "-1"),
    ("TRUSTED_PROXIES", "one"),
    ("AUTHORIZE_MAX_BODY", "0"),
    ("AUTHORIZE_MAX_BODY", "64 MiB"),
    ("AUTHORIZE_TRUSTED_HEADERS", "X_Model"),
    ("AUTHORIZE_TRUSTED_HEADERS", "X-Model: gpt-4o"),
    ("AUTHORIZE_TRUSTED_HEADERS", "X-Model,Authorization"),
    ("AUTHORIZE_WITHOUT_MODEL", "chat"),
    ("PUBLIC_BASE_URL", "api.example.com"),
    ("PUBLIC_BASE_URL", "ftp://api.example.com"),
    ("PUBLIC_BASE_URL", "https://api.example.com:99999"),
    ("PUBLIC_BASE_URL", "https://"),
    ("SECURITY_CONTACT", "security@example.com"),
    ("SECURITY_CONTACT", "mailto:security"),
    ("SECURITY_CONTACT", "mailto:security@example.com\nCanonical: https://example.net"),
    ("SECURITY_CONTACT", "http://example.com/report"),
    ("SECURITY_CONTACT", "https://"),
    ("SECURITY_CONTACT", "https://example.com/a report"),
    ("MODELS_CACHE_SECONDS", "-1"),
    ("REDIS_URL", "127.0.0.1:6379"),
    ("REDIS_URL", "redis://"),
    ("REDIS_URL", "redis://127.0.0.1:port/0"),
    ("REDIS_URL", "redis://127.0.0.1:99999/0"),
    ("REDIS_URL", "unix://"),
    ("FAILED_KEYS_PER_MINUTE", "-1"),
    ("VISITORS_PER_MINUTE", "-1"),
    ("USAGE_WRITE_SECONDS", "-1"),
    ("DEFAULT_LANGUAGE", "fr"),
    ("DEFAULT_LANGUAGE", "Chinese"),
    ("TIME_ZONE", "Beijing"),
    ("TIME_ZONE", "Asia"),
    ("TIME_ZONE", "../etc/passwd"),
    ("TIME_ZONE", "UTC+8"),
    ("POPULAR_DAYS", "0"),
    ("POPULAR_DAYS", "99999999"),
    ("POPULAR_COUNT", "-1"),
    ("FETCH_OWN_HOSTS", "http://gateway.internal:3000"),
    ("FETCH_OWN_HOSTS", "gateway.internal:99999"),
    ("FETCH_OWN_HOSTS", "gateway.internal:"),
    ("FETCH_OWN_HOSTS", "::1:3000"),
    ("DATABASE_POOL_SIZE", "0"),
    ("DATABASE_URL", "mysql://root@127.0.0.1/modelbook"),
    ("DATABASE_URL", "postgres://modelbook@127.0.0.1:99999/modelbook"),
    ("DATABASE_URL", "modelbook.sqlite3"),
    ("HOST", "0.0.0.0:8000"),
    ("HOST", "[::1]"),
    ("PORT", "65536"),
    ("PORT", "http"),
    ("WEB_CONCURRENCY", "0"),
    ("DEBUG", "perhaps"),
    ("HTTPS", "enabled"),
    ("SECRET_KEY_FALLBACKS", "short"),
    ("ADMIN_MFA", "always"),
    ("ADMIN_IDLE_MINUTES", "-1"),
    ("ADMIN_SESSION_HOURS", "0"),
    ("REAUTHENTICATION_MINUTES", "0"),
    ("PASSWORD_SIGN_IN", "never"),
    ("OIDC_ISSUER", "http://login.example.com"),
    ("OIDC_ISSUER", "https://user:password@login.example.com"),
    ("OIDC_ISSUER", "https://login.example.com/?realm=main"),
    ("OIDC_SCOPES", "profile,email"),
    ("OIDC_SCOPES", "openid,a b"),
    ("OIDC_ROLES", "admins"),
    ("OIDC_ROLES", "admins=,=Pricing"),
    ("OIDC_ROLES", "admins=Pricing,admins=Catalog"),
    ("EMAIL_URL", "mail.example.com:587"),
    ("EMAIL_URL", "smtp://user:password@mail.example.com:port"),
    ("EMAIL_URL", "smtp://mail.example.com/inbox"),
]

OIDC = {
    "OIDC_ISSUER": "https://login.example.com/realms/main",
    "OIDC_CLIENT_ID": "modelbook",
    "OIDC_CLIENT_SECRET": "secret",
    "OIDC_ROLES": "admins=superuser",
}


def started(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = Installation("sqlite:////nowhere/modelbook.sqlite3").environment | variables
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT, env=environment, text=True, timeout=SECONDS, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_an_invalid_value_is_reported_with_its_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as refusal:
        runpy.run_path(str(ROOT / "config/settings.py"))

    first, *problems = str(refusal.value).splitlines()
    assert first == "Modelbook cannot start:"
    assert [problem.split(":")[0].strip() for problem in problems] == [name]


def test_all_invalid_values_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BAD:
        monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as refusal:
        runpy.run_path(str(ROOT / "config/settings.py"))

    reported = {problem.split(":")[0].strip() for problem in str(refusal.value).splitlines()[1:]}
    assert reported == {name for name, _ in BAD}


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({name: value for name, value in OIDC.items() if name != "OIDC_ROLES"}, "OIDC_ROLES"),
        ({"OIDC_CLIENT_ID": "modelbook"}, "OIDC_ISSUER, OIDC_CLIENT_SECRET, OIDC_ROLES"),
        ({"PASSWORD_SIGN_IN": "false"}, "PASSWORD_SIGN_IN"),
        ({"EMAIL_URL": "smtps://mail.example.com"}, "EMAIL_FROM"),
        (
            {"EMAIL_URL": "smtps://mail.example.com", "EMAIL_FROM": "a@example.com", "ALLOWED_HOSTS": "*"},
            "ALLOWED_HOSTS",
        ),
        (OIDC | {"PASSWORD_SIGN_IN": "false"}, ""),
        (OIDC | {"OIDC_ISSUER": "http://localhost:8080", "OIDC_ROLES": "/a=b=Pricing, c=superuser"}, ""),
    ],
)
def test_settings_of_the_sign_in_fit_together(
    variables: dict[str, str], names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "models.example.com")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    try:
        runpy.run_path(str(ROOT / "config/settings.py"))
        problems = ""
    except ImproperlyConfigured as refusal:
        problems = str(refusal).splitlines()[1].split(":")[0].strip()

    assert problems == names


def test_a_message_never_repeats_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@127.0.0.1:port/0")
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@127.0.0.1/modelbook")
    monkeypatch.setenv("EMAIL_URL", "smtp://root:hunter2@mail.example.com:port")
    monkeypatch.setenv("OIDC_ISSUER", "https://root:hunter2@login.example.com")

    with pytest.raises(ImproperlyConfigured) as refusal:
        runpy.run_path(str(ROOT / "config/settings.py"))

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "used"),
    [
        ("FETCH_OWN_HOSTS", "gateway.internal:3000, mirror.internal", ["gateway.internal:3000", "mirror.internal:443"]),
        ("FETCH_OWN_HOSTS", "[::1]:3000", ["::1:3000"]),
        ("REDIS_URL", "rediss://:secret@cache.internal:6380/1", "rediss://:secret@cache.internal:6380/1"),
        ("REDIS_URL", "unix:///run/redis.sock", "redis+unix:///run/redis.sock"),
        ("ALLOWED_HOSTS", "models.example.com, [::1]", ["models.example.com", "[::1]"]),
        (
            "CSRF_TRUSTED_ORIGINS",
            "https://a.example:8443, https://*.b.example",
            ["https://a.example:8443", "https://*.b.example"],
        ),
        ("CSRF_TRUSTED_ORIGINS", "", []),
        ("TOKEN_PEPPERS", "1:only-for-tests-pepper-one,", {1: "only-for-tests-pepper-one"}),
        ("PUBLIC_BASE_URL", "https://api.example.com/v0/", "https://api.example.com/v0/"),
        ("SECURITY_CONTACT", "mailto:security@example.com", "mailto:security@example.com"),
        ("SECURITY_CONTACT", "https://example.com/report?from=modelbook", "https://example.com/report?from=modelbook"),
        ("SECURITY_CONTACT", "", ""),
        ("PORT", "", 8000),
        ("HTTPS", "Yes", True),
        ("KEYS_IN_QUERY", "off", False),
        ("KEYS_IN_QUERY", "", True),
        ("HOST", "::1", "::1"),
        ("ADMIN_MFA", "Required", "required"),
        ("SECRET_KEY_FALLBACKS", f"{'a' * 32}, {'b' * 40}", ["a" * 32, "b" * 40]),
    ],
)
def test_a_valid_value_is_used(name: str, value: str, used: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    assert runpy.run_path(str(ROOT / "config/settings.py"))[name] == used


def test_gunicorn_reports_the_problems_once_and_starts_no_worker() -> None:
    ended = started(
        "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi", TOKEN_PEPPERS=",", TRUSTED_PROXIES="-1"
    )

    assert ended.returncode == 1
    assert ended.stdout.splitlines()[0] == "Modelbook cannot start:"
    assert sorted(line.split(":")[0].strip() for line in ended.stdout.splitlines()[1:]) == [
        "TOKEN_PEPPERS",
        "TRUSTED_PROXIES",
    ]


def test_a_reload_reads_the_settings_again(tmp_path: Path) -> None:
    """The server and its new workers read a secret from its file again."""
    pepper, port = tmp_path / "pepper", str(free_port())
    pepper.write_text("1:only-for-tests-pepper-one")
    installation = Installation(f"sqlite:///{tmp_path / 'modelbook.sqlite3'}")
    variables = installation.environment | {"PORT": port, "TOKEN_PEPPERS_FILE": str(pepper)}
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
    with subprocess.Popen(
        command, cwd=ROOT, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            read_until(server, "Booting worker")
            server.send_signal(signal.SIGHUP)
            read_until(server, "Worker exiting")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=SECONDS) as answer:
                assert answer.status == 200

            pepper.write_text(",")
            server.send_signal(signal.SIGHUP)
            rest, _ = server.communicate(timeout=SECONDS)
        finally:
            server.kill()

    assert "TOKEN_PEPPERS: The value contains no secret" in rest
    assert "Traceback" not in rest


def read_until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout
    assert any(words in line for line in process.stdout)
