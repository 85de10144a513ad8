"""`/_api/healthz`: ready, alive, and 503 that names what is away."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

HEALTHZ = "/_api/healthz"
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def postgres_away() -> Iterator[None]:
    right = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = 1
    yield
    connection.settings_dict["PORT"] = right


@pytest.mark.django_db(transaction=True)
class TestReadiness:
    def test_ready(self, client: Client) -> None:
        response = client.get(HEALTHZ)
        assert response.status_code == 200
        checks = {"postgres": True, "redis": True}
        assert response.json() == {"status": "ok", "live": True, "ready": True, "checks": checks}
        assert "no-store" in response["Cache-Control"]

    def test_without_postgres(self, client: Client, postgres_away: None) -> None:
        response = client.get(HEALTHZ)
        assert response.status_code == 503
        checks = {"postgres": False, "redis": True}
        assert response.json() == {"status": "unavailable", "live": True, "ready": False, "checks": checks}

    @pytest.mark.parametrize("name", ["COUNTERS_URL", "BROKER_URL", "CACHE_URL"])
    def test_without_any_redis(self, client: Client, settings: Settings, name: str) -> None:
        setattr(settings, name, NOWHERE)
        response = client.get(HEALTHZ)
        assert response.status_code == 503
        assert response.json()["checks"] == {"postgres": True, "redis": False}

    def test_ready_again_when_postgres_is_back(self, client: Client) -> None:
        right = connection.settings_dict["PORT"]
        connection.close()
        connection.settings_dict["PORT"] = 1
        try:
            assert client.get(HEALTHZ).status_code == 503
        finally:
            connection.settings_dict["PORT"] = right
        assert client.get(HEALTHZ).status_code == 200

    def test_a_connection_that_postgres_closed_is_replaced(self, client: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        other.close()
        client.get(HEALTHZ)  # finds out
        assert client.get(HEALTHZ).status_code == 200


class TestLiveness:
    # Without the `django_db` mark a query would be an error, and neither server is asked.
    def test_alive_whatever_is_away(self, client: Client, settings: Settings) -> None:
        settings.COUNTERS_URL = settings.CACHE_URL = settings.BROKER_URL = NOWHERE
        for query in ("?live", "?live=1", "?x=1&live"):
            response = client.get(HEALTHZ + query)
            assert response.status_code == 200
            assert response.json() == {"status": "ok", "live": True}

    def test_only_safe_methods(self, client: Client) -> None:
        assert client.head(f"{HEALTHZ}?live").status_code == 200
        assert client.post(f"{HEALTHZ}?live").status_code == 405
