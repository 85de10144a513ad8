import copy

import pytest

from tests.api.world import World
from tests.module_world import module_transaction  # noqa: F401


@pytest.fixture(scope="module")
def built(module_transaction: None) -> World:  # noqa: F811
    return World()


@pytest.fixture
def world(built: World, db: None) -> World:
    """The world as it was made."""
    return copy.deepcopy(built)
