"""Every page here is looked at as a member of one consumer's organization sees it."""

import copy

import pytest
from django.test import Client

from tests.module_world import module_transaction  # noqa: F401
from tests.portal.console.world import World, make_world


@pytest.fixture(scope="module")
def built(module_transaction: None) -> World:  # noqa: F811
    return make_world()


@pytest.fixture
def acme(built: World, client: Client) -> World:
    """Our organization as it was made, whose owner is signed in."""
    world = copy.deepcopy(built)
    client.force_login(world.owner)
    return world
