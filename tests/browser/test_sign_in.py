"""Second factors in a real browser, with an authenticator in software: a code, a recovery code, a passkey."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.browser.desk import PASSWORD, Desk
from tests.browser.watched import SIZES

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in_with_password(desk: Desk) -> None:
    desk.page.context.clear_cookies()
    desk.open("/admin/login/")
    desk.page.fill("[name=username]", "maria")
    desk.page.fill("[name=password]", PASSWORD)
    desk.page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("desk", ["desk"], indirect=True)
def test_an_operator_adds_factors_and_signs_in_with_each(desk: Desk) -> None:
    page = desk.page
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip

    desk.open("/admin/account/second-factor/totp/activate/")
    secret = page.locator("#authenticator_secret").input_value()
    assert secret not in str(Authenticator.objects.values_list("data", flat=True))
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.get_by_role("button", name="Activate").click()
    codes = page.locator("#recovery_codes").input_value().split()
    assert len(codes) == 10
    # The page reminds people who leave it before they have written the codes down.
    page.get_by_label("I have saved my recovery codes").check()

    desk.open("/admin/account/second-factor/webauthn/add/")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url(re.compile("second-factor/$"))
    assert Authenticator.objects.filter(type="webauthn").count() == 1
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored for code in codes)

    sign_in_with_password(desk)
    page.fill("[name=code]", codes[3])
    page.get_by_role("button", name="Sign In").click()
    page.wait_for_url("**/admin/")

    page.context.clear_cookies()
    desk.open("/admin/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/admin/")
    for path in ("second-factor/", "second-factor/webauthn/", "second-factor/recovery-codes/", "sessions/"):
        desk.open(f"/admin/account/{path}")
        for name, size in SIZES.items():
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than a {name}"
    assert desk.faults == []
