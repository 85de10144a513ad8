"""Every page here is looked at as a member of one creator's organization sees it."""

import copy

import pytest
from django.test import Client

from tests.module_world import module_transaction  # noqa: F401
from tests.portal.studio.world import World, world


@pytest.fixture(scope="module")
def built(module_transaction: None) -> World:  # noqa: F811
    return world()


@pytest.fixture
def ours(built: World, client: Client) -> World:
    """Our organization as it was made, whose owner is signed in."""
    made = copy.deepcopy(built)
    client.force_login(made.owner)
    return made
