"""What `beat` starts exists: a job under a wrong name would only be a line in the worker's log."""

import pytest
from celery import current_app

from config.schedule import PERIODIC_JOBS


@pytest.mark.parametrize("name", sorted(PERIODIC_JOBS))
def test_a_periodic_job_is_a_task(name: str) -> None:
    assert name in current_app.tasks
