from collections.abc import Callable

import pytest

from tests.scenarios.money.world import Story


@pytest.fixture
def story(db: None) -> Callable[[str], Story]:
    """A story that begins at noon of a day."""
    return Story
