"""Every page here is looked at as a member of one creator's organization sees it."""

import pytest
from django.test import Client

from tests.portal.studio.world import World, world


@pytest.fixture
def ours(client: Client) -> World:
    """Our organization, whose owner is signed in."""
    made = world()
    client.force_login(made.owner)
    return made
