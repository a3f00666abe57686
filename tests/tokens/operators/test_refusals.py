"""Every refusal below the admin's address is a page of the admin with a way back; programs still get JSON."""

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

pytestmark = pytest.mark.django_db

HTML = {"HTTP_ACCEPT": "text/html"}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_user("ann", is_staff=True))
    return client


def text_of(answer: HttpResponse, status: int) -> str:
    assert answer.status_code == status
    assert answer["Cache-Control"] == "no-store"
    text = answer.content.decode()
    assert 'id="refusal"' in text
    return text


@pytest.mark.parametrize(
    ("address", "status", "title"),
    [
        ("/admin/catalog/aimodel/", 403, "You do not have permission"),
        ("/admin/verification/", 403, "You do not have permission"),
        ("/admin/nothing/", 404, "This page does not exist"),
        ("/admin/auth/user/?password__startswith=a", 403, "You do not have permission"),
    ],
)
def test_an_operator_gets_a_page_in_the_frame_of_the_admin(
    operator: Client, address: str, status: int, title: str
) -> None:
    text = text_of(operator.get(address, **HTML), status)  # type: ignore[arg-type]

    assert title in text
    assert "Back to the overview" in text
    assert 'action="/admin/logout/"' in text or "/admin/logout/" in text


def test_an_address_that_is_not_valid_gets_a_page(admin_client: Client) -> None:
    text = text_of(admin_client.get("/admin/auth/user/?password__startswith=a", **HTML), 400)  # type: ignore[arg-type]

    assert "This address is not valid" in text


def test_a_forged_form_gets_a_page_before_and_after_the_sign_in() -> None:
    client = Client(enforce_csrf_checks=True)
    text = text_of(client.post("/admin/login/", {"username": "ann"}, **HTML), 403)  # type: ignore[arg-type]
    assert "The form was not accepted" in text
    assert "Go to the sign-in" in text

    client.force_login(User.objects.create_superuser("root"))
    text = text_of(client.post("/admin/catalog/vendor/add/", {}, **HTML), 403)  # type: ignore[arg-type]
    assert "The form was not accepted" in text
    assert 'href="/admin/catalog/vendor/add/"' in text


def test_a_lock_out_is_a_page_that_says_when_it_ends(client: Client) -> None:
    User.objects.create_superuser("root", password="right")
    for _ in range(5):
        answer = client.post("/admin/login/", {"login": "root", "username": "root", "password": "wrong"}, **HTML)  # type: ignore[arg-type]
    text = text_of(answer, 429)  # type: ignore[arg-type]

    assert "Try again in 1 hour" in text
    assert answer["Retry-After"] == "3600"


def test_programs_get_json(client: Client) -> None:
    client.raise_request_exception = False
    assert client.get("/admin/nothing/").headers["Content-Type"].startswith(("application/json", "text/html"))
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "ann"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
