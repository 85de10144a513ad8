import pytest

from tests.billing.world import NOW, Shop, move_clock


@pytest.fixture
def shop(db: None) -> Shop:
    """The shop, at a moment from which a month has 30 days."""
    move_clock(NOW)
    return Shop()
