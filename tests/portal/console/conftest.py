"""Every page here is looked at as a member of one consumer's organization sees it."""

import pytest
from django.test import Client

from tests.portal.console.world import World, make_world


@pytest.fixture
def acme(client: Client) -> World:
    """Our organization, whose owner is signed in."""
    world = make_world()
    client.force_login(world.owner)
    return world
