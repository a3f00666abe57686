"""Codes for emergencies: the command line issues them, and each signs one operator in, once, within ten minutes."""

from django.contrib.auth.models import User
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

SALT = "tokens.operators.sign_in.codes"
SECONDS = 600


def issue_code(operator: User) -> str:
    return signing.dumps([operator.pk, _fingerprint(operator)], salt=SALT)


def find_operator(code: str) -> User | None:
    """The operator of a code that is still valid: a sign-in, and a new password, end it."""
    try:
        key, fingerprint = signing.loads(code, salt=SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    operator = User.objects.filter(pk=key, is_active=True, is_staff=True).first()
    if operator is None or not constant_time_compare(fingerprint, _fingerprint(operator)):
        return None
    return operator


def _fingerprint(operator: User) -> str:
    return salted_hmac(SALT, f"{operator.pk} {operator.password} {operator.last_login}", algorithm="sha256").hexdigest()
