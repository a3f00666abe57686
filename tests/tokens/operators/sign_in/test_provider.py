"""Operators sign in with OpenID Connect: a claim gives the roles, and only what is proven counts."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.tokens.operators.sign_in.oidc_provider import CLIENT, SECRET, Provider, running_provider

pytestmark = pytest.mark.django_db
LOGIN = "/admin/account/oidc/login/"
ROLES = {"admins": "superuser", "finance": "Pricing", "helpdesk": "Support"}


@pytest.fixture
def client() -> Client:
    """A browser: programs get errors in JSON."""
    return Client(HTTP_ACCEPT="text/html")


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider, settings: LazySettings) -> Provider:
    running.signing_key, running.spoil = running.key, dict.copy
    running.person = {"sub": "248289", "preferred_username": "ana", "email": "ana@example.com", "groups": ["finance"]}
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = running.issuer, CLIENT
    settings.OIDC_ROLES, settings.OIDC_ROLES_CLAIM = ROLES, "groups"
    configure(settings, running.issuer)
    return running


def configure(settings: LazySettings, issuer: str) -> None:
    app = {
        "provider_id": "oidc", "name": "single sign-on", "client_id": CLIENT, "secret": SECRET,
        "settings": {
            "server_url": f"{issuer}/.well-known/openid-configuration",
            "scope": ["openid"],
            "oauth_pkce_enabled": True,
        },
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}


def sign_in(client: Client, provider: Provider, address: str = f"{LOGIN}?next=/admin/pricing/") -> Any:
    """The response to the browser that comes back from the provider."""
    return client.get(provider.authorize(client.get(address)["Location"]))


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_first_sign_in_creates_an_operator_with_the_roles_of_the_claim(client: Client, provider: Provider) -> None:
    assert sign_in(client, provider)["Location"] == "/admin/pricing/"

    operator = User.objects.get(username="ana")
    assert (operator.is_staff, operator.is_superuser, operator.has_usable_password()) == (True, False, False)
    assert [role.name for role in operator.groups.all()] == ["Pricing"]
    assert client.get("/admin/").status_code == 200
    # Only what identifies the account is stored.
    assert SocialAccount.objects.get().extra_data == {"id_token": {"sub": "248289", "preferred_username": "ana"}}


def test_roles_follow_the_claim_at_each_sign_in(client: Client, provider: Provider) -> None:
    sign_in(client, provider)
    operator = User.objects.get(username="ana")
    operator.groups.add(Group.objects.create(name="Night shift"))

    provider.person |= {"groups": ["admins", "helpdesk", "unknown"], "preferred_username": "anna"}
    sign_in(Client(), provider)

    operator = User.objects.get()
    assert (operator.username, operator.is_superuser) == ("ana", True)
    assert {role.name for role in operator.groups.all()} == {"Support", "Night shift"}


def test_a_claim_without_a_role_admits_nobody_and_ends_what_was_given(client: Client, provider: Provider) -> None:
    User.objects.create_superuser("root")
    provider.person["groups"] = ["admins", "finance"]
    sign_in(client, provider)

    provider.person["groups"] = ["marketing"]
    response = sign_in(Client(HTTP_ACCEPT="text/html"), provider)

    assert response.status_code == 401
    assert "Your account has no role here" in text_of(response)
    operator = User.objects.get(username="ana")
    assert (operator.is_superuser, operator.groups.count()) == (False, 0)
    # The session from before is over, too.
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("person", [{"groups": []}, {}, {"groups": {"finance": True}}])
def test_a_new_person_without_a_role_is_not_created(client: Client, provider: Provider, person: dict[str, Any]) -> None:
    provider.person = {"sub": "1", "preferred_username": "eve"} | person

    assert sign_in(client, provider).status_code == 401
    assert not User.objects.exists()


def test_the_last_superuser_stays_one(client: Client, provider: Provider) -> None:
    provider.person["groups"] = ["admins"]
    sign_in(client, provider)

    provider.person["groups"] = ["finance"]
    sign_in(Client(), provider)

    assert User.objects.get().is_superuser


@pytest.mark.parametrize(
    "person", [{"preferred_username": "root"}, {"email": "root@example.com", "email_verified": True}]
)
def test_an_operator_who_exists_is_not_taken_over(client: Client, provider: Provider, person: dict[str, Any]) -> None:
    root = User.objects.create_superuser("root", "root@example.com")
    provider.person |= person

    sign_in(client, provider)

    assert not SocialAccount.objects.filter(user=root).exists()
    assert client.session.get("_auth_user_id") != str(root.pk)


def test_an_operator_connects_an_account_while_signed_in(client: Client, provider: Provider) -> None:
    root = User.objects.create_superuser("root", password="correct horse")
    client.force_login(root)

    # Not by a link alone: somebody else's page could contain it.
    client.get(f"{LOGIN}?process=connect")
    assert not SocialAccount.objects.exists()
    assert LOGIN in text_of(client.post("/admin/account/oidc/connect/"))
    assert sign_in(client, provider, LOGIN)["Location"] == "/admin/account/oidc/"

    assert SocialAccount.objects.get().user == root
    assert "single sign-on: ana" in text_of(client.get("/admin/account/oidc/"))


def other_key(provider: Provider) -> None:
    provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def spoilt_by(**changes: Any) -> Any:
    def spoil(provider: Provider) -> None:
        provider.spoil = lambda claims: claims.update(changes)

    return spoil


FAULTS = {
    "signed by somebody else": other_key,
    "another audience": spoilt_by(aud="another-client"),
    "another issuer": spoilt_by(iss="https://evil.example.com"),
    "another sign-in": spoilt_by(nonce="replayed"),
    "expired": spoilt_by(exp=int(time.time()) - 3600),
    "issued in an hour": spoilt_by(iat=int(time.time()) + 3600),
    "issued to another program": spoilt_by(aud=[CLIENT, "b"], azp="b"),
    "another person in userinfo": spoilt_by(sub="2"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_that_proves_nothing_is_refused(client: Client, provider: Provider, fault: str) -> None:
    FAULTS[fault](provider)

    response = sign_in(client, provider)

    assert response.status_code == 401, fault
    assert "You are not signed in" in text_of(response)
    assert not User.objects.exists()


def test_a_clock_that_differs_by_half_a_minute_does_not_matter(client: Client, provider: Provider) -> None:
    now = int(time.time())
    provider.spoil = lambda claims: claims.update(iat=now + 30, exp=now - 30)

    assert sign_in(client, provider).status_code == 302


def test_an_address_works_once_and_only_in_its_browser(client: Client, provider: Provider) -> None:
    address = provider.authorize(client.get(LOGIN)["Location"])

    assert Client().get(address).status_code == 401
    assert client.get(address).status_code == 302
    assert Client().get(address).status_code == 401


@pytest.mark.parametrize("query", ["", "?error=access_denied&state=x", "?error=server_error", "?code=x&state=x"])
def test_a_callback_without_a_sign_in_is_refused(client: Client, provider: Provider, query: str) -> None:
    assert client.get(f"/admin/account/oidc/callback/{query}").status_code == 401


def test_a_provider_that_is_down_gets_one_clear_page(client: Client, provider: Provider, settings: Any) -> None:
    configure(settings, "http://127.0.0.1:1")

    response = client.get(LOGIN)

    assert response.status_code == 401
    assert "single sign-on does not answer. Try again later." in text_of(response)


def test_the_configuration_of_another_issuer_is_refused(client: Client, provider: Provider, settings: Any) -> None:
    settings.OIDC_ISSUER = "https://login.example.com"

    assert client.get(LOGIN).status_code == 401


def test_the_provider_counts_as_second_factor_only_if_it_states_it(provider: Provider, settings: Any) -> None:
    settings.ADMIN_MFA = "required"
    without, unsigned, with_factors = Client(), Client(), Client()

    sign_in(without, provider)
    assert without.get("/admin/")["Location"] == "/admin/account/second-factor/"

    # In userinfo, which is not signed, it states nothing.
    provider.person["amr"] = ["mfa"]
    provider.spoil = lambda claims: claims.pop("amr")
    sign_in(unsigned, provider)
    assert unsigned.get("/admin/")["Location"] == "/admin/account/second-factor/"

    provider.spoil = dict.copy
    sign_in(with_factors, provider)
    assert with_factors.get("/admin/").status_code == 200


@pytest.mark.parametrize(("minutes", "asks"), [(1, False), (60, True), (None, True)])
def test_a_sign_in_confirms_only_what_the_provider_asked_for_lately(
    client: Client, provider: Provider, minutes: int | None, asks: bool
) -> None:
    provider.person["groups"] = ["admins"]
    changes = {} if minutes is None else {"auth_time": int(time.time()) - minutes * 60}

    def change(claims: dict[str, Any]) -> None:
        claims.pop("auth_time", None)
        claims.update(changes)

    provider.spoil = change
    # The session of another operator is emptied, and what it says of the sign-in is not lost.
    client.force_login(User.objects.create_superuser("bert"))
    sign_in(client, provider)

    response = client.post("/admin/tokens/token/add/", {})

    assert (response.status_code == 302) is asks


def test_passwords_can_be_disabled(client: Client, provider: Provider, settings: Any) -> None:
    settings.PASSWORD_SIGN_IN = False
    User.objects.create_superuser("root", password="correct horse")

    page = text_of(client.get("/admin/login/"))
    response = client.post("/admin/login/", {"username": "root", "password": "correct horse"})

    assert "Continue with single sign-on" in page
    assert 'name="password"' not in page
    assert "Passwords are not accepted" in text_of(response)
    assert "_auth_user_id" not in client.session


def test_without_a_provider_its_addresses_do_not_exist(client: Client) -> None:
    assert client.get(LOGIN).status_code == 404
    assert client.get("/admin/account/oidc/callback/").status_code == 404
