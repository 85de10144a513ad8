"""The gateway and the meter with leases of seconds: for a test that would only wait until those of a killed one end.

`tests.impatient:application` in the place of `config.gateway:application`, `python -m tests.impatient run_meter` in
that of `manage.py run_meter`. What else they do is as in production.
"""

import sys
from dataclasses import replace

from apps.usage.counters import tuning

# Long enough for a busy machine: a call that is still on its way must not lose its lease.
tuning.DEFAULT = replace(tuning.DEFAULT, lease_ms=6_000, heartbeat_seconds=1.5, sweep_seconds=0.5, hold_ms=8_000)

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
else:
    from config.gateway import application

    __all__ = ["application"]
