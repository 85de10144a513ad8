"""Forms in any other encoding than UTF-8 are refused before a field is read."""

import pytest
from django.test import Client

FORM = "application/x-www-form-urlencoded"


def send(content_type: str, body: bytes = b"login=a&password=b") -> int:
    """The status of a form sent with a CSRF token by a checked client, as a browser would."""
    client = Client(enforce_csrf_checks=True)
    client.get("/account/login/")
    token = client.cookies["csrftoken"].value
    return client.generic(
        "POST", "/account/login/", body, content_type=content_type, headers={"X-CSRFToken": token}
    ).status_code


@pytest.mark.django_db
@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-7", "idna", "rot13", "iso-8859-1", "undefined", "no such", "", '"utf-16"']
)
def test_another_encoding_is_a_bad_request(charset: str) -> None:
    assert send(f"{FORM}; charset={charset}") == 400


@pytest.mark.django_db
@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", f'{FORM}; charset="UTF-8"', f"{FORM}; x=y"])
def test_utf_8_is_read(content_type: str) -> None:
    assert send(content_type) == 200
