import pytest

from tests.api.world import World


@pytest.fixture
def world(db: None) -> World:
    return World()
