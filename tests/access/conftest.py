"""The transaction of these tests is that of their world, which lasts for the module: no test opens one of its own."""

import pytest


@pytest.fixture
def _django_db_helper() -> None:
    """In place of pytest-django's, which ends each test with closing the connection."""
